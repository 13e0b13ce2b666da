// Package encoding takes the Content-Encoding off a captured body, so that a
// decoder of package protocol can read it:
//
//	d := encoding.New(encoding.Options{MaxSize: 1 << 20})
//	plain, err := d.Decode(nil, "gzip", body) // plain may be handed in again as the memory for the next body
//
// It is for bodies that are here as a whole and that nobody waits for: the
// gateway passes bodies on as they came, and only a monitor's worker decodes its
// copy. gzip (x-gzip), deflate and zstd are read, alone or one over the other.
//
// What a sender can make it do is bounded. A body decodes to at most
// Options.MaxSize bytes, and beyond [Floor] to at most Options.MaxRatio times its
// own size, so that the work is linear in what the sender sent: a gzip bomb of 1 kB costs
// as much as 256 kB of honest JSON and not a gigabyte. Memory is bounded
// by the same numbers, as all output goes to one buffer that never grows beyond
// them (by 256 KiB, for zstd); zstd windows over 8 MiB are refused, the largest that RFC 9659 lets a
// sender use.
//
// Every fault is an [*Error] of one of three kinds, whose texts are the reasons
// that a drop counter shows.
package encoding
