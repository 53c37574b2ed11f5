"""Steps that look at a dataset and decide about groups of its rows: cluster, check, balance, coverage, decide."""
