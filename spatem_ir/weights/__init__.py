"""Parameters of networks: where they are kept and how they are read."""
