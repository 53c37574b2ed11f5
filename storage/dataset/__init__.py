"""Datasets, their examples and labels, and the vectors beside the store. A module is a record."""
