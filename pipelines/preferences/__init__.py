"""Steps for preference data: draw comparisons, ask, choose, build pairs."""
