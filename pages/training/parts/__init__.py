"""Pieces of the training pages."""
