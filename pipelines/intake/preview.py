"""A first look at a file before it becomes a dataset: its columns, some rows, the labels it holds."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from curator.errors import RequestError
from curator.importers import recognise
from curator.records import DEFAULT_COLUMNS, TaskKind, ends_in_answer
from pipelines.files import as_text, gathered, opened
from pipelines.files.limits import check_declared
from pipelines.intake.first_look import FirstLook, first_look
from pipelines.intake.mapped import LOOK, Mapped, map_columns

_USUAL = {**DEFAULT_COLUMNS, "id": (*DEFAULT_COLUMNS["id"], "uuid", "example_id", "external_id", "ticket_id", "key")}
KEPT = 20 * 1024**3
"""Bytes of all uploads that a project keeps."""
MAX_LABELS = 200
"""More distinct values than this are answers in free text, not labels."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The start of a file.

    Attributes:
        rows: The first good rows, as text.
        mapping: A proposal, field -> column.
        notes: What the ingest would say of the file, and of the rows that were looked at and cannot be read.
        look: What would come in of a file of another tool's format; None for rows with columns.
        answered: Whether the file's conversations end in the assistant's answer, so that it needs no label column.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    mapping: dict[str, str]
    notes: tuple[str, ...] = ()
    answered: bool = False
    encoding: str | None = None
    look: FirstLook | None = None


@dataclass(frozen=True, slots=True)
class ProposedLabels:
    """What stands in a label column: each value with its rows, most frequent first, and the kind that fits."""

    kind: TaskKind
    counts: tuple[tuple[str, int], ...]


def keep_upload(folder: Path, name: str, content: bytes) -> Path:
    """Keep an uploaded file in the project, by its content and a harmless form of its name.

    Raises:
        RequestError: The file is empty, says that it unfolds too large, or finds no room.
    """
    if not content:
        msg = f"the file {name[:80]!r} is empty"
        raise RequestError(msg)
    safe = re.sub(r"[^\w.-]+", "_", Path(name).name).lstrip(".")[-80:] or "upload"
    path = folder / "uploads" / hashlib.sha256(content).hexdigest()[:12] / safe
    if not path.exists():
        _make_room(folder / "uploads", len(content))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    check_declared(path)
    return path


def _make_room(uploads: Path, size: int) -> None:
    """See that all uploads kept in a project stay within `KEPT`."""
    held = sum(file.stat().st_size for file in uploads.rglob("*") if file.is_file())
    if held + size > KEPT:
        msg = (
            f"uploads of {held:,} bytes are kept in {uploads}, and another {size:,} would be more than {KEPT:,}; "
            "delete those that are in a dataset already, or bring the file in with `curator ingest`"
        )
        raise RequestError(msg)


def preview(path: Path, rows: int = 20, encoding: str | None = None) -> Preview:
    """Read the columns and the first good rows, as the ingest reads them.

    Raises:
        RequestError: The extension is unknown, or the file has no columns.
    """
    return _preview(path, path.stat().st_mtime_ns, rows, encoding)


@lru_cache(maxsize=32)
def _preview(path: Path, _changed: int, rows: int, encoding: str | None) -> Preview:
    """Worked out once for a file, however often its page is drawn."""
    with gathered((path,)) as files, opened(files[0].path, encoding) as table:
        more = [f"it holds {len(files)} files, of which this is {files[0].name}"] if len(files) > 1 else []
        format = recognise([record for _, record in table.shapes()])
        look = None if format is None else first_look(table, format)
        looked = list(islice(table.rows(), max(rows, LOOK)))
        try:
            mapped = map_columns(table, {})
        except RequestError as error:  # no usual name: the reader chooses
            columns = table.columns()
            mapped = Mapped(columns, _usual(columns), [str(error)])
        if not mapped.columns:
            msg = f"{path.name} has no columns; expected a CSV with a header, JSON Lines of objects, Parquet or xlsx"
            raise RequestError(msg)
        bad = [f"line {r.line} cannot be read: {r.reason}: {r.detail}" for r in looked if r.record is None]
        notes = (*more, *table.notes, *(mapped.notes if look is None else ()), *bad[:10])
    good = [row.record for row in looked if row.record is not None]
    shown = tuple({name: as_text(record.get(name)) for name in mapped.columns} for record in good[:rows])
    answered = "label" not in mapped.mapping and ends_in_answer(good, mapped.mapping.get("input", ""))
    return Preview(path, tuple(mapped.columns), shown, mapped.mapping, notes, answered, encoding, look)


def _usual(columns: Sequence[str]) -> dict[str, str]:
    """Field -> column by the columns' usual names in whatever case, where the input itself has none."""
    lower = {column.strip().lower(): column for column in reversed(columns)}
    found = {field: next((lower[name] for name in names if name in lower), None) for field, names in _USUAL.items()}
    return {field: column for field, column in found.items() if column is not None}


def propose_labels(path: Path, column: str, encoding: str | None = None) -> ProposedLabels:
    """Count the values of a column; few distinct ones make a classification, JSON objects an extraction.

    Of more than `MAX_LABELS` values the most frequent are told.
    """
    return _proposed(path, path.stat().st_mtime_ns, column, encoding)


def proposal_of(look: FirstLook) -> ProposedLabels:
    """The kind that fits the labels of another tool's file, by the rule of `propose_labels`."""
    return _kind_of(look.values[:MAX_LABELS], len(look.values), sum(n for _, n in look.values))


@lru_cache(maxsize=32)
def _proposed(path: Path, _changed: int, column: str, encoding: str | None) -> ProposedLabels:
    with gathered((path,)) as files, opened(files[0].path, encoding) as table:
        top, distinct, rows = table.counts(column, MAX_LABELS)
    return _kind_of(tuple(top), distinct, rows)


def _kind_of(counts: tuple[tuple[str, int], ...], distinct: int, rows: int) -> ProposedLabels:
    if 2 <= distinct <= MAX_LABELS and distinct * 2 <= rows:
        return ProposedLabels("classification", counts)
    if counts and all(value.startswith("{") for value, _ in counts):
        return ProposedLabels("extraction", counts)
    return ProposedLabels("text", counts)


def propose_schema(values: Iterable[str]) -> str | None:
    """A JSON schema that answers fit: each key with the types that it has, required where all have it.

    None where no answer is an object. A proposal for a person to correct, from what is there.
    """
    kinds: dict[str, Counter[str]] = {}
    objects = 0
    for value in values:
        try:
            answer = json.loads(value)
        except (ValueError, RecursionError):
            continue
        if isinstance(answer, dict):
            objects += 1
            for key, inner in answer.items():
                kinds.setdefault(key, Counter())[_json_type(inner)] += 1
    if not objects:
        return None
    properties = {
        key: {"type": found[0] if len(found := sorted(types)) == 1 else found} for key, types in kinds.items()
    }
    required = [key for key, types in kinds.items() if types.total() == objects]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return json.dumps(schema, ensure_ascii=False, indent=2)


def _json_type(value: Any) -> str:  # noqa: ANN401 - any JSON value
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
