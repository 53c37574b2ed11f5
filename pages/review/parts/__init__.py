"""Pieces of the review pages."""
