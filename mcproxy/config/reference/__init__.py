"""The files that are written from the schema; ``python -m mcproxy.config.reference`` writes them.

``etc/mcproxy.toml`` and ``docs/reference/mcproxy.schema.json`` as a whole, and marked regions of
``docs/reference/configuration.rst`` and ``docs/man/mcproxy.toml.5``.
"""
