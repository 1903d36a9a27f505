"""The host part: what is reported on an upstream link (RFC 9776, 5; RFC 9777, 6)."""
