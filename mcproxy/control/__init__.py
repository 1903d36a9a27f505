"""The operator's side: views of the running daemon, changes to it, and ways to reach them."""
