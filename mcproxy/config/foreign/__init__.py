"""Configuration files of other programs: mcproxy 1.1 and igmpproxy."""
