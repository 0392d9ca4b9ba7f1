"""Interconnects: how packets go between PEs, one kind a file."""
