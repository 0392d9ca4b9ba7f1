"""Packing of tiles into virtual crossbars."""
