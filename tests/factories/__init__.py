"""Builders of test data: rows of the database, and filled-in forms."""
