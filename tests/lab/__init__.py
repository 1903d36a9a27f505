"""Tests of the laboratory itself; skipped where network namespaces cannot be made."""
