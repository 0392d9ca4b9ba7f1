"""The one way through: source → compile → verify → simulate → measure, for tools and notebooks."""
