"""Where chunks of work run: a process per core."""
