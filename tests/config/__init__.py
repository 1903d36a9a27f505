"""Tests of the configuration and its reader."""
