"""Pieces of the data pages."""
