package stub

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// Serve runs servers as a process of its own: the first line of in describes
// them, a JSON array of Behaviour. It writes their addresses, a JSON array, to
// out, and for every further line of in their Stats. It returns at the end of in.
func Serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() {
		return fmt.Errorf("stub: no description: %w", lines.Err())
	}
	var behaviours []Behaviour
	if err := json.Unmarshal(lines.Bytes(), &behaviours); err != nil {
		return fmt.Errorf("stub: description: %w", err)
	}
	servers := make([]*Server, len(behaviours))
	addresses := make([]string, len(behaviours))
	for i, b := range behaviours {
		s, err := Listen("127.0.0.1:0", b)
		if err != nil {
			return err
		}
		defer s.Close()
		servers[i], addresses[i] = s, s.Address()
	}
	answers := json.NewEncoder(out)
	if err := answers.Encode(addresses); err != nil {
		return fmt.Errorf("stub: %w", err)
	}
	for lines.Scan() {
		stats := make([]Stats, len(servers))
		for i, s := range servers {
			stats[i] = s.Stats()
		}
		if err := answers.Encode(stats); err != nil {
			return fmt.Errorf("stub: %w", err)
		}
	}
	return lines.Err()
}
