"""Placement of virtual crossbars and of results on the chip, and the traffic it makes."""
