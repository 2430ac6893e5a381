"""Degrain: FFDNet for colour."""
