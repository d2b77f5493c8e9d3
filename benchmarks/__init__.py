"""Benchmarks of the app's overhead over its model host alone."""
