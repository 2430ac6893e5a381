"""Filmgate in Houdini: every model of the server in one node for each context."""
