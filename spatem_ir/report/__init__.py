"""Tables of results for people, JSON for scripts."""
