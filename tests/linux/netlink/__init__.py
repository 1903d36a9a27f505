"""Tests of mcproxy/linux/netlink/."""
