"""The cycle-accurate machine model: program, reference engine, network-on-chip, metrics."""
