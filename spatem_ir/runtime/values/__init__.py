"""Values of a network at every level of the IR, computed with integers, bit by bit exact."""
