"""Tests of mcproxy/instance/."""
