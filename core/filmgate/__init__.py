"""Filmgate: frames through a shared GPU inference server. Importing this package starts nothing."""

__version__ = "0.1.0"
