"""Copies of layers under limits of crossbars and bandwidth (Li, Han, Chen, TODAES 29(1):21)."""
