"""Executions as traces of Perfetto: tracks of slices, flows and counters for ui.perfetto.dev."""
