// Package registry says what a model is, which versions of it exist and how
// traffic is to be split among them. It holds the types, the rules that make a
// document valid, and the pure decisions (what a rollback brings back, what
// stays on standby, what two versions differ in) that every store shares.
//
// Three ideas carry the package:
//
//   - A [Version] never changes once registered. Registering the same content
//     again is harmless; registering different content is [ErrConflict].
//   - A [Traffic] is one generation of one model's routing. A change is always
//     a new generation, one above the one that its author had read; the second
//     of two concurrent authors gets [ErrStale] and has to look again.
//   - History only grows. A rollback is a new generation with older content,
//     and remembers in Restores which one.
//
// A [Store] keeps them: package registry/file in a folder, others elsewhere.
// Package registry/registrytest is the suite that every store must pass.
//
// The package imports nothing of ours, does no I/O and reads no clock.
package registry
