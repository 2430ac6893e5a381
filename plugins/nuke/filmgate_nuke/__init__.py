"""Filmgate in Nuke: every model of the server as a node."""
