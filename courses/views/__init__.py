"""The readers' pages of courses."""
