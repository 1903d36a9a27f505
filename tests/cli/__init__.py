"""Tests of mcproxy/cli/."""
