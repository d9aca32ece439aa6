"""Executors, one a file: each makes a `concurrent.futures.Executor`."""
