"""Compute units: how their crossbars work together, one kind a file."""
