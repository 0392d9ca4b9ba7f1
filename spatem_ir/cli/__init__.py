"""Command-line tools: `spatem-opt` and `spatem-run`."""
