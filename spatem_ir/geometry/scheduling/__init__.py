"""The order of visits, and the waits that keep buffers from overflowing."""
