"""Measurements of Filmgate beside plain transports, all in one run: ``python -m bench``."""
