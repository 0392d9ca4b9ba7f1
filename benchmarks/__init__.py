"""Benchmarks: `python -m benchmarks [NAME …]` prints a table for each; no timed tests elsewhere."""
