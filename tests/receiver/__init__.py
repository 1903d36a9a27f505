"""Tests of mcproxy/receiver/."""
