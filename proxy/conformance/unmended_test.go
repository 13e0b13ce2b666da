package conformance_test

// unmended are the cases that Weir is known to fail, with what is right. A case
// that is in here and passes fails the test: take it out when it has been mended.
var unmended = map[string]string{}
