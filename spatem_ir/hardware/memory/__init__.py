"""Memory: what holds feature maps and partial sums while they are needed, one kind a file."""
