"""Retime: RIFE 4.0."""
