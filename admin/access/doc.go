// Package access says who may call the admin API: roles, the tokens that give
// them, and limits on how often somebody may fail or change something.
//
//	secret, token, err := access.New("ci", access.Operator) // the secret is for its owner, token.Line() for the file
//	tokens := new(access.Tokens)
//	list, err := access.Parse(content)
//	tokens.Set(list)
//	who, ok := tokens.Find(secret)
//
// A token is 256 random bits that only its owner has; the file has its SHA-256.
// Nothing here reads files or answers requests.
package access
