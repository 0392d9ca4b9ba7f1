"""Estimates of latency, and the tile shapes among which partitions choose."""
