"""Exploration of a design space: points proposed, evaluated by workers, kept, compared."""
