"""The native configuration file, in TOML."""
