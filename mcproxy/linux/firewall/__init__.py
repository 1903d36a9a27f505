"""The packet filters of the kernel, nftables and iptables, read and never changed."""
