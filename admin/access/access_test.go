package access_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/access"
)

func made(t *testing.T, name string, role access.Role) (string, access.Token) {
	t.Helper()
	secret, token, err := access.New(name, role)
	if err != nil {
		t.Fatal(err)
	}
	return secret, token
}

func TestATokenIsFoundByItsSecretAlone(t *testing.T) {
	alice, a := made(t, "alice", access.Approver)
	ci, c := made(t, "ci", access.Operator)
	list, err := access.Parse([]byte("# people\n" + a.Line() + "   # on call\n\n\t" + c.Line() + "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	tokens := new(access.Tokens)
	if _, ok := tokens.Find(alice); ok {
		t.Error("found before any was set")
	}
	tokens.Set(list)
	for secret, want := range map[string]access.Token{alice: a, ci: c} {
		if got, ok := tokens.Find(secret); !ok || got != want {
			t.Errorf("found %+v, %v", got, ok)
		}
	}
	for _, wrong := range []string{"", "weir_", alice[:len(alice)-1], alice + "A", strings.ToUpper(alice), "alice", strings.Fields(a.Line())[2]} {
		if got, ok := tokens.Find(wrong); ok {
			t.Errorf("%q is %s's", wrong, got.Name)
		}
	}
	if strings.Contains(a.Line(), alice[5:]) || len(alice) != 48 {
		t.Errorf("token %q has the line %q", alice, a.Line())
	}
}

func TestASecretThatSomebodyThoughtOfIsNoToken(t *testing.T) {
	tokens := new(access.Tokens)
	list, err := access.Parse(fmt.Appendf(nil, "ci operator %x\n", sha256.Sum256([]byte("hunter2"))))
	if err != nil {
		t.Fatal(err)
	}
	tokens.Set(list)
	if _, ok := tokens.Find("hunter2"); ok {
		t.Error("a secret that can be guessed was taken")
	}
}

func TestAFileThatCantBeMeantIsRefusedWithItsLine(t *testing.T) {
	_, a := made(t, "alice", access.Approver)
	_, b := made(t, "alice", access.Approver)
	_, other := made(t, "alice", access.Admin)
	if list, err := access.Parse([]byte(a.Line() + "\n" + b.Line())); err != nil || len(list) != 2 {
		t.Errorf("a token and its successor: %v, %v", list, err)
	}
	sum := strings.Fields(a.Line())[2]
	for content, want := range map[string]string{
		"":                                        "there is no token",
		"# nothing\n":                             "there is no token",
		"alice admin\n":                           "line 1: has 2 words",
		"\nalice king " + sum:                     "line 2: \"king\" is no role; use viewer, operator, approver, admin",
		"alice  " + sum + " x":                    "is no role",
		"al/ice admin " + sum:                     "is no name",
		"alice admin " + sum[2:]:                  "never the token itself",
		"alice admin weir_AAAA":                   "never the token itself",
		a.Line() + "\nbob viewer " + sum:          "line 2: has the SHA-256 of alice's token again",
		a.Line() + "\n" + other.Line() + "\n":     "line 2: gives alice the role admin, and a line before it approver",
		a.Line() + " and more" + "\n":             "has 5 words",
		strings.Repeat("a", 65) + " admin " + sum: "is no name",
	} {
		_, err := access.Parse([]byte(content))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", content, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "weir_AAAA") {
			t.Errorf("the error tells a token: %v", err)
		}
	}
	if _, _, err := access.New("no name", access.Viewer); err == nil {
		t.Error("made a token that no file can have")
	}
}

func TestALimiterAllowsSoManyAMinuteAndThenSaysWhen(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := access.NewLimiter(4, func() time.Time { return now })
	for i := range 4 {
		if wait, _ := l.Take("alice"); wait != 0 {
			t.Fatalf("action %d has to wait %s", i+1, wait)
		}
	}
	if wait, first := l.Take("alice"); wait != 15*time.Second || !first {
		t.Errorf("the fifth: %s, %v", wait, first)
	}
	if wait, first := l.Take("alice"); wait != 15*time.Second || first {
		t.Errorf("the sixth: %s, %v", wait, first)
	}
	if wait, _ := l.Take("bob"); wait != 0 {
		t.Error("bob waits for alice")
	}
	now = now.Add(15 * time.Second)
	if wait, _ := l.Take("alice"); wait != 0 {
		t.Errorf("after the wait: %s", wait)
	}
	if wait, first := l.Take("alice"); wait != 15*time.Second || !first {
		t.Errorf("and again: %s, %v", wait, first)
	}
	now = now.Add(time.Hour)
	for i := range 4 { // no more than a minute's, however long nothing came
		if wait, _ := l.Take("alice"); wait != 0 {
			t.Errorf("after an hour, action %d waits %s", i+1, wait)
		}
	}
	if wait, _ := l.Take("alice"); wait == 0 {
		t.Error("an hour's rest was saved up")
	}
	free := access.NewLimiter(0, func() time.Time { return now })
	for range 1000 {
		if wait, _ := free.Take("alice"); wait != 0 {
			t.Fatal("0 is a limit")
		}
	}
}

func TestALimiterRemembersSoManyAndNoMore(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := access.NewLimiter(1, func() time.Time { return now })
	for i := range 4096 {
		if wait, _ := l.Take(fmt.Sprint(i)); wait != 0 {
			t.Fatalf("key %d waits", i)
		}
	}
	l.Take("one more")
	if wait, _ := l.Take("and another"); wait == 0 {
		t.Error("beyond the bound keys do not share an allowance")
	}
	if wait, _ := l.Take("7"); wait == 0 {
		t.Error("a known key was forgotten")
	}
	now = now.Add(2 * time.Minute)
	l.Take("one more")
	if wait, _ := l.Take("and another"); wait != 0 {
		t.Error("keys that have nothing to wait for are not forgotten")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("alice admin 00\n# x\n\xff")
	_, token, err := access.New("alice", access.Admin)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token.Line() + "  # remark\r\n")
	f.Fuzz(func(t *testing.T, content string) {
		list, err := access.Parse([]byte(content))
		if err != nil {
			return
		}
		var lines strings.Builder
		for _, token := range list {
			lines.WriteString(token.Line() + "\n")
		}
		again, err := access.Parse([]byte(lines.String()))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(list) {
			t.Errorf("%q reads back as %v, %v; want %v", lines.String(), again, err, list)
		}
	})
}
