"""Tests of mcproxy/restart/."""
