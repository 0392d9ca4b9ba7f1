"""The published evaluation of Li, Han and Chen again: tables, figures, and what deviates."""
