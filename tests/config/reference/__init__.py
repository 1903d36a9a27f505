"""Tests of mcproxy/config/reference/."""
