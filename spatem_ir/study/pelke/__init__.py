"""The experiments of Pelke et al. (VLSI-SoC 2023): convolutions in turns on cores of one bus."""
