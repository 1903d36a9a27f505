"""Tests of mcproxy/protocol/policy/."""
