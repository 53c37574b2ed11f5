"""Pure core: records, decisions, statistics and formats. No files, network, clock or database."""

__version__ = "0.1.0"
