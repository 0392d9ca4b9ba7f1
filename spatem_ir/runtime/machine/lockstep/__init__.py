"""Compute units whose crossbars work in lockstep (rule R12), a file for each engine."""
