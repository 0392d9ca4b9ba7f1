"""The reference engine: the rules of the machine, written to be read."""
