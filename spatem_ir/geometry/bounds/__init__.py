"""Lower bounds of the latency that hold for every deployment."""
