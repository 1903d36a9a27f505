"""Tests that read the documentation: its command lines, and its samples of output."""
