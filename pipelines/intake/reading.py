"""An open file to rows that are taken: as the format that it is, or by its columns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from curator.errors import RequestError
from curator.importers import ROWS, ImportFormat, Reading, lifted, named, of_record, recognise, stranger
from curator.records import (
    Example,
    Parsed,
    Rejected,
    derived,
    example_id,
    identity_text,
    parse_record,
    row_external_id,
    sources,
    take_in,
)
from pipelines.files import InputFile, RawRow, RowShape, Table
from pipelines.intake.config import IngestConfig
from pipelines.intake.mapped import map_columns, type_word
from pipelines.intake.rejects import as_raw
from pipelines.intake.run_state import IngestRun, Seen

_FORCING = ("input", "label")
"""Fields that say how rows are to be read, so that no format has to be recognised."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file is, before it is read.

    Attributes:
        format: None for rows that are read by their columns.
        columns: All of them.
        mapping: Field -> column.
        notes: What has to be said of it.
        made_of: Mapped columns that the file does not have, and the paths of what they are made of.
        split: What the file's place says of rows that have no split of their own.
    """

    format: ImportFormat | None
    columns: tuple[str, ...]
    mapping: dict[str, str]
    notes: tuple[str, ...]
    made_of: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    split: str | None = None

    @property
    def title(self) -> str:
        """What it is called in a report."""
        return "rows with columns" if self.format is None else self.format.title

    @property
    def origin(self) -> str:
        """The format's name."""
        return ROWS if self.format is None else self.format.name


def survey(table: Table, config: IngestConfig, file: InputFile) -> Survey:
    """Look at every kind of row that a file has.

    Raises:
        RequestError: It holds rows of two formats, or the mapping does not fit it.
    """
    shapes = table.shapes()
    format = _format(config, [record for _, record in shapes])
    _refuse_mixed(table.name, shapes, format)
    if format is None:
        mapped = map_columns(table, config.mapping)
        mapping, made_of = mapped.mapping, _made_of(mapped.mapping, mapped.columns)
        split = _split_word(file, config, mapped.columns)
        if split is not None:
            mapping = {**mapping, "split": "split"}
        notes = [*mapped.notes, *_split_words(split)]
        return Survey(None, tuple(mapped.columns), mapping, tuple(notes), made_of, split)
    columns = table.columns()
    split = _split_word(file, config, columns)
    mapping = {name: column for name, column in config.mapping.items() if column is not None}
    for name, column in mapping.items():
        if not sources(column, columns):
            msg = f"--map {name}={column}: no column {column!r}; the file has {', '.join(columns[:30])}"
            raise RequestError(msg)
    note = f"recognised as {format.title}; --from {ROWS} reads it by its columns" if config.format is None else ""
    notes = [*([note] if note else []), *_split_words(split)]
    return Survey(format, tuple(columns), mapping, tuple(notes), _made_of(mapping, columns), split)


def _split_word(file: InputFile, config: IngestConfig, columns: Sequence[str]) -> str | None:
    """The split of a file's rows by its place, where neither they nor the request say it."""
    asked = config.split is not None or "split" in config.mapping or "split" in columns
    return None if asked else file.split


def _split_words(split: str | None) -> list[str]:
    return [] if split is None else [f"its place in the folder says that its rows are {split}; --map split= says no"]


def _made_of(mapping: Mapping[str, str], columns: Sequence[str]) -> dict[str, tuple[tuple[str, ...], ...]]:
    return {column: sources(column, columns) for column in mapping.values() if column not in columns}


def _format(config: IngestConfig, records: Sequence[dict[str, object]]) -> ImportFormat | None:
    if config.format is not None:
        return named(config.format)
    return None if any(config.mapping.get(name) for name in _FORCING) else recognise(records)


def _refuse_mixed(name: str, shapes: Sequence[RowShape], format: ImportFormat | None) -> None:
    """Raise where a row has another format than the file.

    Raises:
        RequestError: With the line and the format that it looks like.
    """
    if format is None and shapes and of_record(shapes[0][1]) is not None:
        return  # its columns were asked for
    what = "rows with columns" if format is None else format.title
    for number, (line, record) in enumerate(shapes):
        other = stranger(record, format)
        if other is not None:
            seen, do = f"{name} looks like {other.title} (line {line}), not like {what}", f"read it --from {other.name}"
            if number:
                seen, do = f"{name} is {what} until line {line}, which is {other.title}", "split it into its parts"
            msg = f"{seen}; {do}; nothing of it was read"
            raise RequestError(msg)


def rows_of(
    path: InputFile, table: Table, found: Survey, digest: str, state: IngestRun
) -> Iterator[tuple[RawRow, Parsed | None]]:
    """Each row of the file with what it gives: one thing or several, or None where it is rejected."""
    for row in table.rows():
        for note in row.notes:
            state.note(note, f"{path.name} line {row.line}")
        if row.record is None:
            state.reject(path, row.line, row.reason or "unreadable", row.detail or "", row.raw)
            yield row, None
            continue
        try:
            made = _parse(row, found, digest, state, path.name)
        except Rejected as error:
            state.reject(path, row.line, error.reason, str(error), as_raw(row.record))
            yield row, None
            continue
        for parsed in made:
            yield row, _met(path, row, parsed, found, state)


def _parse(row: RawRow, found: Survey, digest: str, state: IngestRun, file: str) -> Sequence[Parsed]:
    record: Mapping[str, Any] = row.record or {}
    config = state.config
    if found.split is not None:
        record = {**record, "split": found.split}
    for column, paths in found.made_of.items():
        record = derived(record, column, paths)
    own_id = row_external_id(digest, row.line, row.part)
    asked = {"dataset": config.dataset, "task": state.task, "source": config.source, "split": config.split}
    if found.format is None:
        return (parse_record(record, found.mapping, fallback_id=own_id, **asked),)  # type: ignore[arg-type]
    if not found.format.table and not found.format.fits(record):
        detail = f"the row is no {found.format.title}: it has {', '.join(list(record)[:12])}"
        raise Rejected("other_format", detail)
    given = found.format.rows(record, Reading(state.task, found.columns, file))
    made = []
    for number, each in enumerate(given):
        if each.unless_there and identity_text(each.id) in state.known:
            each = replace(each, input=None)
        fallback = own_id if not number else f"{own_id}.{number}"
        whole = lifted(each, record, config.mapping)
        parsed = take_in(whole, fallback_id=fallback, by_content=found.format.by_content, **asked)  # type: ignore[arg-type]
        made.append(_as_there(parsed, state) if parsed.by_id else parsed)
    return made


def _as_there(parsed: Parsed, state: IngestRun) -> Parsed:
    """What is said of a row that is there, with that row's content.

    Raises:
        Rejected: It is not there.
    """
    external = parsed.example.external_id
    have = state.known.get(external)
    if have is None:
        detail = f"no row with id {external!r} in the dataset; bring the rows first, or in the same command"
        raise Rejected("no_such_row", detail)
    return replace(parsed, example=replace(parsed.example, id=have[0], content_hash=have[1]))


def _met(path: InputFile, row: RawRow, parsed: Parsed, found: Survey, state: IngestRun) -> Parsed | None:
    """The row, or None where it contradicts what this file or the dataset says of its id."""
    if parsed.given_id in state.known and parsed.example.external_id not in state.known:
        parsed = _as_known(parsed, parsed.given_id)
    example = parsed.example
    place = f"{path.name} line {row.line}"
    problem = _contradiction(parsed, found, state)
    if problem is not None:
        state.reject(path, row.line, *problem, as_raw(row.record or {}))
        return None
    for note in parsed.notes:
        state.note(note, place)
    for column, value in example.metadata.items():
        state.types.setdefault(column, set()).add(type_word(value))
    return parsed


def _contradiction(parsed: Parsed, found: Survey, state: IngestRun) -> tuple[str, str] | None:
    """Why the row cannot be taken: a reason and a sentence."""
    example, external = parsed.example, parsed.example.external_id
    speakers = _speakers(parsed)
    seen = state.seen.setdefault(external, Seen(example.content_hash, example.group, example.split))
    several = found.format is not None and (found.format.by_content or found.format.several)
    if seen.content_hash != example.content_hash or (not several and speakers & seen.speakers):
        detail = f"id {external!r} stands in this file already"
        if seen.content_hash == example.content_hash and "labeler" not in found.mapping and found.format is None:
            detail += "; where several people labelled one row, name the column that says who: --map labeler=COLUMN"
        return "duplicate_id", detail
    for fact, before, now in (("group", seen.group, example.group), ("split", seen.split, example.split)):
        if before != now:
            return "two_facts", f"id {external!r} stands in this file with {fact} {before!r} and {now!r}"
    seen.speakers |= speakers
    have = state.known.get(external)
    if have is not None and have[1] != example.content_hash:
        return "id_conflict", f"id {external!r} is in the dataset with another text; give the new text a new id"
    return None


def _speakers(parsed: Parsed) -> set[tuple[str | None, int]]:
    said: set[tuple[str | None, int]] = {(label.labeler, label.sample) for label in parsed.labels}
    said |= {(each.labeler, 0) for each in parsed.comparisons}
    said |= {(f"attempt:{each.model}", each.sample) for each in parsed.attempts}
    return said or {(parsed.labeler, 0)}


def _as_known(parsed: Parsed, external: str | None) -> Parsed:
    """The row under the id by which an older store knows it: identities were taken letter by letter then."""
    external = external or parsed.example.external_id
    example: Example = parsed.example
    ident = example_id(example.dataset, external)
    return replace(parsed, example=replace(example, id=ident, external_id=external))
