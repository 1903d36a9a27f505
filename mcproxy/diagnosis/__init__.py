"""What keeps multicast from flowing on this machine, and what to do about it.

``facts`` collects what the machine is, ``situation`` joins that with what the configuration asks
for, each module of ``checks`` looks for a few traps, and ``doctor`` runs them all. Nothing here
uses a reactor or changes the machine, so a thread can do it.
"""
