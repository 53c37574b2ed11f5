"""Steps about students: train, evaluate, give a verdict."""
