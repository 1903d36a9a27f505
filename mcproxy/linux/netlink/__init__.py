"""Links and addresses of the machine, which the kernel reports over netlink."""
