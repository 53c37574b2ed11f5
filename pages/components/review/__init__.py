"""The review card: one row, its labels, and a key for each action."""
