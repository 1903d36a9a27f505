"""Tests of mcproxy/config/native/."""
