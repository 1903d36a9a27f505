"""Wire formats of IGMP and MLD: bytes to values and back."""
