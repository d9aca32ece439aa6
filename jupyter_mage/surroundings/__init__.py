"""What is laid around a user's code while it runs, one plugin a file."""
