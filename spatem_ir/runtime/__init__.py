"""Execution: values at every level, cycles at level `ou`."""
