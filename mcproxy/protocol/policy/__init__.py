"""Filters: which data and memberships may pass where."""
