"""Two answers side by side, one key for the better."""
