"""Every table of a store as Parquet with its schema, so that what it holds can leave the engine, or outlive it."""

import json
import re
from pathlib import Path
from typing import Any

from curator.errors import DataError
from curator.records import TooDeepError, read_json
from storage.engine.faults import in_words, require_store
from storage.engine.migrations import migrate
from storage.engine.open_file import OpenFile

SCHEMA = "schema.json"
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_TYPES = re.compile(r"[A-Z]+(\(\d+,\s*\d+\))?")


def export(file: Path, folder: Path) -> int:
    """Write each table of a store's file, which nobody else has open, to `TABLE.parquet`; returns how many.

    `schema.json` says of each table its columns with their SQL types, whether they may be null, its primary key,
    and how many rows it has.

    Raises:
        StoreError: The file is no store, or damaged.
        NoRoomError: The disk is full.
    """
    require_store(file)
    folder.mkdir(parents=True, exist_ok=True)
    with in_words(file):
        opened = OpenFile(file, read_only=True)
        try:
            raw = opened.raw
            names = [row[0] for row in raw.execute("show tables").fetchall()]
            tables: dict[str, Any] = {}
            for name in names:
                columns = raw.execute(f"select name, type, \"notnull\", pk from pragma_table_info('{name}')").fetchall()
                place = str(folder / f"{name}.parquet").replace("'", "''")
                order = "order by seq" if any(column[0] == "seq" for column in columns) else "order by all"
                raw.execute(f"copy (select * from {name} {order}) to '{place}' (format parquet, compression zstd)")
                count = raw.execute(f"select count(*) from {name}").fetchone()
                tables[name] = {
                    "columns": [{"name": c[0], "type": c[1], "null": not c[2]} for c in columns],
                    "primary_key": [c[0] for c in columns if c[3]],
                    "rows": count[0] if count else 0,
                }
        finally:
            opened.close()
    content = {"format": 1, "tables": tables}
    with in_words(folder):
        (folder / SCHEMA).write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
    return len(tables)


def rebuild(folder: Path, file: Path) -> None:
    """Make a store's file anew from such a folder, and bring it up to today's tables.

    Raises:
        DataError: The folder is no such export, or its files do not hold what the schema says.
        NoRoomError: The disk is full.
    """
    tables = _tables(folder)
    with in_words(file):
        opened = OpenFile(file)
        try:
            raw = opened.raw
            for name, table in tables.items():
                parts = [f"{c['name']} {c['type']}{'' if c['null'] else ' not null'}" for c in table["columns"]]
                if table["primary_key"]:
                    parts.append(f"primary key ({', '.join(table['primary_key'])})")
                place = str(folder / f"{name}.parquet").replace("'", "''")
                raw.execute("begin")
                raw.execute(f"create table {name} ({', '.join(parts)})")
                raw.execute(f"insert into {name} by name select * from read_parquet('{place}')")
                count = raw.execute(f"select count(*) from {name}").fetchone()
                if count is None or count[0] != table["rows"]:
                    msg = f"{folder / name}.parquet has other rows than {SCHEMA} says ({table['rows']:,})"
                    raise DataError(msg)
                raw.execute("commit")
            _default_times(raw, tables)
            migrate(raw, str(file))
        finally:
            opened.close()


def _default_times(raw: Any, tables: dict[str, Any]) -> None:  # noqa: ANN401 - a connection of the engine
    """What Parquet does not carry: that a row's time is now, and that a flag is off, unless told."""
    defaults = {"created_at": "current_timestamp", "adjudicates": "false", "overlap": "1"}
    for name, table in tables.items():
        for column in table["columns"]:
            if column["name"] in defaults and column["null"]:
                raw.execute(f"alter table {name} alter column {column['name']} set default {defaults[column['name']]}")


def _tables(folder: Path) -> dict[str, Any]:
    """The checked schema: names and types are put into SQL, so they must be nothing else."""
    try:
        tables: dict[str, Any] = read_json((folder / SCHEMA).read_text(encoding="utf-8"), SCHEMA)["tables"]
        named = [(name, table["columns"], table["primary_key"], table["rows"]) for name, table in tables.items()]
        for name, columns, key, _ in named:
            words = [name, *key, *(c["name"] for c in columns)]
            if not all(_NAME.fullmatch(word) for word in words) or not all(
                _TYPES.fullmatch(c["type"]) for c in columns
            ):
                msg = f"{folder / SCHEMA}: table {name!r} has a name or type that is none"
                raise DataError(msg)
            if not (folder / f"{name}.parquet").is_file():
                msg = f"{folder / name}.parquet is missing"
                raise DataError(msg)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, DataError) and not isinstance(error, TooDeepError):
            raise
        msg = f"{folder} holds no export of a store ({SCHEMA}: {error})"
        raise DataError(msg) from error
    return tables
