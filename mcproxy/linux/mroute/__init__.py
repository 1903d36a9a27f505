"""The kernel's multicast routing tables: virtual interfaces, entries, upcalls."""
