"""What happens inside a worker: the process that runs models on one device."""
