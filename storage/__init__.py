"""The only place that speaks DuckDB. Makes no decisions."""
