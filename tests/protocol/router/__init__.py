"""Tests of mcproxy/protocol/router/."""
