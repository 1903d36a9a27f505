"""Tests of mcproxy/protocol/host/."""
