"""Where a network is cut into stages of weights."""
