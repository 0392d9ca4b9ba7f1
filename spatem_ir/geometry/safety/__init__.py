"""What makes a deployment legal: no deadlock, no buffer that overflows."""
