"""SPATEM: a multi-level compiler and simulator for operation-unit based ReRAM accelerators."""

__version__ = "0.1.0"
