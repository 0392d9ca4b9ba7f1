"""What an operator is, the register of operators, and the usual forms of their functions."""
