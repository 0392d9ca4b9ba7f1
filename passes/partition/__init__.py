"""The partition pass and its strategies, one file each."""
