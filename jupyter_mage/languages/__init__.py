"""Languages of block bodies, one a file."""
