"""What a node is made of, as an unprivileged pod can see it: pure readers below one root."""
