"""Tests of mcproxy/instance/plan/."""
