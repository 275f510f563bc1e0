"""Benchmarks: every speed claim of the project, with the command that made it."""
