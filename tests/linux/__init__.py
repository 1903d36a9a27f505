"""The kernel's side, as far as it can be tried without one."""
