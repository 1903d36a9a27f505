"""Tests of mcproxy/protocol/forwarding/."""
