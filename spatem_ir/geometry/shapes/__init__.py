"""Shapes and index sets: windows, layers, grids of tiles, and what a tile is."""
