"""Restart without a lost packet: one process hands its tables and state to the next."""
