"""Tests of mcproxy/protocol/upstreams/."""
