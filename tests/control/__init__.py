"""Tests of mcproxy.control."""
