"""The router part: what hosts on a downstream link want (RFC 9776, 6; RFC 9777, 7)."""
