"""Where model packages are found."""
