"""Formats of other tools, a module each: one record of a file to rows with labels, comparisons and attempts.

A new format is a module with an `ImportFormat` and a place in `registry.IMPORT_FORMATS`. What it gives is checked in
one place (`curator.records.take_in`).
"""

from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.lifted import lifted
from curator.importers.registry import IMPORT_FORMATS, ROWS, named, of_record, recognise, stranger

__all__ = [
    "IMPORT_FORMATS",
    "ROWS",
    "ImportFormat",
    "RawRecord",
    "Reading",
    "lifted",
    "named",
    "of_record",
    "recognise",
    "stranger",
]
