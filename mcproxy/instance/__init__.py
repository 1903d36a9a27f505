"""Proxy instances: each connects the downstream links of one family to its upstreams."""
