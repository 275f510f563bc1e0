"""The reader's pages of conversations."""
