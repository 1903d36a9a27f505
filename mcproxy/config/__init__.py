"""The configuration: its values, and the reader of the native TOML file."""
