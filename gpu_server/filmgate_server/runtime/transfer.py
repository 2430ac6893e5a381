"""How an input's values come to the net, and a result's values back: curves for light beyond 1."""
