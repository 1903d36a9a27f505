"""Configuration files of other programs: mcproxy 1.1, igmpproxy and its fork igmpv3proxy."""
