"""The demo: the product's whole loop on real data, by the same pipelines as the command line."""
