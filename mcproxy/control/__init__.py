"""The operator's side: views of the running daemon, and ways to reach them."""
