"""The rules of the machine on arrays, compiled by numba."""
