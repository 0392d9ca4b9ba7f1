"""The fast engine: every event time of the reference engine, much sooner."""
