"""Which upstream is asked for a group, and whose data is accepted."""
