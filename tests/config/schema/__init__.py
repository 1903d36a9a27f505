"""Tests of mcproxy/config/schema/."""
