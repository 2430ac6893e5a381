"""Which work is next, and where."""
