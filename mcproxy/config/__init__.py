"""The configuration: what it is (model), and how files are read (files) and written (write)."""
