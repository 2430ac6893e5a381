"""The workflow that every host shares; an adapter brings a `HostPort` and nothing else."""
