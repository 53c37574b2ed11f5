"""The map of the rows: points, colours, lasso."""
