"""The quantize pass and the arithmetic of scales."""
