"""How model packages are run: one module for each engine behind one port."""
