"""Pure core: records, decisions, statistics and formats. No files, network, clock or database."""
