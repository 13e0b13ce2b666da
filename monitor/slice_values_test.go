package monitor

import (
	"fmt"
	"testing"
)

func TestEachExchangeIsToldInTheSlicesOfItsFirstRow(t *testing.T) {
	var got []string
	r := newRig(t, func(o *Options) {
		o.Slices = []string{"a", "header:x-tenant", "b"}
		o.OnSlice = func(x *Exchange, field string, value []byte) {
			got = append(got, fmt.Sprintf("%d %s=%s", x.Generation, field, value))
		}
	})
	r.offer(Exchange{Generation: 1, Request: body("a=1,b=0.5;a=2,b=3"), Response: body("late=1;late=0"), Headers: []string{"acme"}})
	r.offer(Exchange{Generation: 2, Request: body("a=3"), Failed: true, Headers: []string{""}})
	r.offer(Exchange{Generation: 3, Failed: true})
	want := "[1 a=1 1 header:x-tenant=acme 1 b=0.5 2 a=3 2 header:x-tenant=(missing) 2 b=(missing) 3 a=(missing) 3 header:x-tenant=(missing) 3 b=(missing)]"
	if fmt.Sprint(got) != want {
		t.Errorf("told %v\nwant %s", got, want)
	}
}
