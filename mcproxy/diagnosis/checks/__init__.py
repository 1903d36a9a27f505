"""The checks: each function looks at a Situation and yields what it finds, or nothing."""
