"""What this machine's network looks like: read once, without a change and without root."""
