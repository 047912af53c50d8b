"""What the service costs, always beside the ceiling of its own stack. `python -m bench`, or `make bench`."""
