"""Reading people's files row by row, whatever they are packed, encoded or wrapped in; each bad row has its place.

A file is opened once (`opened`), and then says its columns, its rows and what was found out about it (`notes`).
"""

from pipelines.files.gathering import InputFile, gathered
from pipelines.files.opening import ENCODINGS, Table, as_text, columns, file_hash, opened, read_rows
from pipelines.files.parquet_json import write_json_columns
from pipelines.files.row import MAX_LINE, RawRow, RowShape
from pipelines.files.sample_database import is_sample_database, tables_as_script

__all__ = [
    "ENCODINGS",
    "MAX_LINE",
    "InputFile",
    "RawRow",
    "RowShape",
    "Table",
    "as_text",
    "columns",
    "file_hash",
    "gathered",
    "is_sample_database",
    "opened",
    "read_rows",
    "tables_as_script",
    "write_json_columns",
]
