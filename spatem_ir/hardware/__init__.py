"""Accelerator descriptions: typed dataclasses, TOML presets and their loader."""
