"""A run as one HTML file, to be looked at in a browser without a network."""
