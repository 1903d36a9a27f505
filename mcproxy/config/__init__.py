"""The configuration: what it is (model), and how it is read (toml)."""
