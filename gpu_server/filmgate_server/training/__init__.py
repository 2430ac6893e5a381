"""How the weights of our own models were made: one package each, re-run by one command."""
