"""The Filmgate server: gateway, store, scheduler, workers and the model packages they run."""
