"""A run, from the first look at the cluster to the archived results."""
