"""Python components as forks of a process that has imported for all of them."""
