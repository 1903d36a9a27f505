"""Tests of mcproxy/routing/."""
