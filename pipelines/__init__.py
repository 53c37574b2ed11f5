"""Read, call the core or an adapter, write. No formulas, no SQL."""
