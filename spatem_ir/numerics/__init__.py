"""Arithmetic on codes: quantisation, requantisation; shared by passes and runtime."""
