"""Pages of joining, leaving and choosing newsletters."""
