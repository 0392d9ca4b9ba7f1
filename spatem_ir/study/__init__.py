"""Studies: many networks, strategies and machines, run in parallel and compared."""
