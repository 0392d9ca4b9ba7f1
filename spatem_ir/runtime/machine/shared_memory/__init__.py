"""Partial sums in a shared memory, to which crossbars add in turns (rule R13)."""
