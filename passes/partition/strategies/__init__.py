"""The partition strategies, one file each: a file here is a strategy, by the name of the file."""
