"""Accumulation: where partial sums of one output are added, one kind a file."""
