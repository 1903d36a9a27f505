"""From memberships and sources to the forwarding entries that should be installed."""
