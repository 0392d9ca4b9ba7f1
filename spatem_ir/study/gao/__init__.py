"""The experiments of Gao et al. (TECS 23(6):89): weights that do not fit, and how to write them."""
