"""mcproxy: an IGMP/MLD proxy daemon for Linux (RFC 4605)."""

__version__ = "0.1.0"
