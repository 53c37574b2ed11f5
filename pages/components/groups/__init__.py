"""Groups of like rows, side by side; one key settles a group."""
