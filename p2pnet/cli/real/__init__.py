"""`p2pnet simulate --lane real`: real processes, to which things are done that kill games."""
