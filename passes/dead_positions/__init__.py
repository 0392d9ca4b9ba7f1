"""Positions of values that nobody reads: which they are, and the network without them."""
