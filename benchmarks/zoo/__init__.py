"""Networks as people bring them: exported from PyTorch, and trained ones that packages ship."""
