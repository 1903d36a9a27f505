"""Links and addresses, as the kernel reports them over netlink."""
