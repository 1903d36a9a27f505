"""Receiver: reads IGMP, MLD and upcalls, and gives each link and each host its share of time."""
