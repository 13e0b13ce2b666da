package replay

import (
	"maps"

	"github.com/valyala/fasthttp"
)

// Counts are the answers so far.
type Counts struct {
	Sent   uint64
	Failed uint64 // no answer, or a status other than 200
	// FirstFailure says what the first failed request got.
	FirstFailure string
	Versions     map[string]VersionCounts // by the x-weir-version header
	Statuses     map[int]uint64
}

// VersionCounts are the answers that one version gave with status 200.
type VersionCounts struct {
	Answers uint64
	Late    uint64 // of them, flights called late
}

func newCounts() Counts {
	return Counts{Versions: map[string]VersionCounts{}, Statuses: map[int]uint64{}}
}

func (c Counts) clone() Counts {
	c.Versions, c.Statuses = maps.Clone(c.Versions), maps.Clone(c.Statuses)
	return c
}

func (p *Player) count(res *fasthttp.Response, err error) {
	late := err == nil && p.late(res.Body())
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.counts
	c.Sent++
	if err != nil {
		c.fail(err.Error())
		return
	}
	c.Statuses[res.StatusCode()]++
	if res.StatusCode() != fasthttp.StatusOK {
		c.fail(string(res.Body()[:min(len(res.Body()), 300)]))
		return
	}
	version := c.Versions[string(res.Header.Peek("x-weir-version"))]
	version.Answers++
	if late {
		version.Late++
	}
	c.Versions[string(res.Header.Peek("x-weir-version"))] = version
}

func (c *Counts) fail(why string) {
	c.Failed++
	if c.FirstFailure == "" {
		c.FirstFailure = why
	}
}

// late reads the answer's first output, the class.
func (p *Player) late(body []byte) bool {
	parser := p.parsers.Get()
	defer p.parsers.Put(parser)
	doc, err := parser.ParseBytes(body)
	return err == nil && doc.GetInt("outputs", "0", "data", "0") == 1
}
