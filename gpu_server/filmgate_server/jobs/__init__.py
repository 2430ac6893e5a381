"""Jobs and executions, from their submission to their one end."""
