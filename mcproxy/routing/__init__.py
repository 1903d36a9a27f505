"""Routing: the kernel's multicast routing tables, and the thread that works on them.

``routing`` opens and closes tables and owns the thread and the watch. ``table`` is one table, as
its owners use it. Its parts are ``vifs`` (virtual interfaces and their numbers), ``entries``
(wanted entries against installed ones), ``work`` (batches and audits, one at a time),
``audit`` (the kernel's table against what was installed) and ``rules`` (policy rules).
``plan`` has the values that they share. ``adopt`` constructs a table from one that a previous
process made.
"""
