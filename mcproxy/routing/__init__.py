"""Routing: the kernel's multicast routing tables, and the thread that works on them.

``routing`` opens and closes tables and owns the thread and the watch. ``table`` is one table:
what its owners want goes to the kernel in batches. Its parts are ``vifs`` (virtual interfaces
and their numbers), ``entries`` (wanted entries against installed ones), ``rules`` (policy
rules) and ``audit`` (the kernel's table against what was installed). ``plan`` has the values
that they share. ``adopt`` constructs a table from one that a previous process made.
"""
