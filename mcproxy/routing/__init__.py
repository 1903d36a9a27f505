"""Routing: the kernel's multicast routing tables, and the thread that works on them."""
