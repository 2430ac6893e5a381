"""Train `terrain-detail` on procedurally made, eroded terrains: ``python -m …training.terrain``."""
