"""Reading people's files row by row, whatever they are packed, encoded or wrapped in; each bad row has its place.

A file is opened once (`opened`), and then says its columns, its rows and what was found out about it (`notes`).
"""

from pipelines.files.opening import ENCODINGS, Table, as_text, columns, file_hash, opened, read_rows
from pipelines.files.parquet_json import write_json_columns
from pipelines.files.row import MAX_LINE, RawRow, RowShape

__all__ = [
    "ENCODINGS",
    "MAX_LINE",
    "RawRow",
    "RowShape",
    "Table",
    "as_text",
    "columns",
    "file_hash",
    "opened",
    "read_rows",
    "write_json_columns",
]
