"""The metrics: a record each, by subject in files of their own, and the register of all."""
