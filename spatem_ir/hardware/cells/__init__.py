"""Cells of crossbars: how they are written, how long it takes, and how often it can be done."""
