"""Tests of mcproxy/linux/mroute/."""
