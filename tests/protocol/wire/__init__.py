"""Tests of mcproxy/protocol/wire/."""
