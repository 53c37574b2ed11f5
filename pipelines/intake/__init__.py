"""Steps by which data comes in: preview, ingest, label, embed."""
