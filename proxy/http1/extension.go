package http1

// extension reads one byte of a chunk's extensions (RFC 9112, 7.1.1), which are
// checked and dropped:
//
//	*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
//
// White space is taken only where the grammar has it, so never before the CR:
// a size with a space behind it is read in two ways out there.
func (c *Chunked) extension(b byte) error {
	c.line++
	c.overhead++
	next, ok := extensionState(c.state, b)
	if !ok || c.line > maxExtension || c.overhead > maxOverhead {
		return ErrChunkExt
	}
	c.state = next
	return nil
}

// extensionState is where byte b leads from a state; false: nowhere.
func extensionState(s chunkState, b byte) (next chunkState, ok bool) {
	space, token := b == ' ' || b == '\t', lower[b] != 0
	switch s {
	case extSpace: // behind a size or a value: only another extension may follow
		switch {
		case space:
			return extSpace, true
		case b == ';':
			return extNameStart, true
		}
	case extNameStart:
		switch {
		case space:
			return extNameStart, true
		case token:
			return extName, true
		}
	case extName, extAfterName:
		switch {
		case token:
			return extName, s == extName
		case space:
			return extAfterName, true
		case b == '=':
			return extValueStart, true
		case b == ';':
			return extNameStart, true
		case b == '\r':
			return sizeLF, s == extName
		}
	default:
		return extensionValueState(s, b, space, token)
	}
	return 0, false
}

// extensionValueState is extensionState behind the "=".
func extensionValueState(s chunkState, b byte, space, token bool) (next chunkState, ok bool) {
	switch s {
	case extValueStart:
		switch {
		case space:
			return extValueStart, true
		case b == '"':
			return extQuoted, true
		case token:
			return extValue, true
		}
	case extQuoted:
		switch {
		case b == '"':
			return extAfterQuoted, true
		case b == '\\':
			return extEscaped, true
		case b >= ' ' && b != 0x7f || b == '\t':
			return extQuoted, true
		}
	case extEscaped:
		return extQuoted, b >= ' ' && b != 0x7f || b == '\t'
	case extValue, extAfterQuoted:
		switch {
		case token:
			return extValue, s == extValue
		case space:
			return extSpace, true
		case b == ';':
			return extNameStart, true
		case b == '\r':
			return sizeLF, true
		}
	}
	return 0, false
}
