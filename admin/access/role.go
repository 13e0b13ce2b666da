package access

import (
	"fmt"
	"strings"
)

// Role is what somebody may do. Each includes those before it.
type Role int

// The roles, from the least to the most.
const (
	Nobody   Role = iota // may do what anybody may
	Viewer               // read
	Operator             // register, move traffic, go back, run rollouts
	Approver             // say yes to a step that asks a person
	Admin                // reload, read the audit log
)

var names = [...]string{"", "viewer", "operator", "approver", "admin"}

// Roles are the names of the roles that a token can have.
func Roles() []string { return append([]string(nil), names[1:]...) }

// ParseRole is the role of that name.
func ParseRole(name string) (Role, error) {
	for i, known := range names[1:] {
		if name == known {
			return Role(i + 1), nil
		}
	}
	return Nobody, fmt.Errorf("%q is no role; use %s", name, strings.Join(names[1:], ", "))
}

// String is the role's name, empty for Nobody.
func (r Role) String() string { return names[r] }
