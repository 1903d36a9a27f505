"""Tests of mcproxy/config/foreign/."""
