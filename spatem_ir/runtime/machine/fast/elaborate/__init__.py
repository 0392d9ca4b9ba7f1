"""From the IR of level `ou` to the tables of the fast engine."""
