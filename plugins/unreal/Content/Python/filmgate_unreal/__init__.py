"""Filmgate in the Unreal Editor."""
