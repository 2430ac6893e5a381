"""The socket and everything between it and the jobs."""
