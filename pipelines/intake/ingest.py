"""Files -> examples, and labels where the rows carry them. Bad rows are counted, listed and kept."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from curator.ports import Progress
from curator.records import (
    Label,
    LabelerKind,
    Parsed,
    Rejected,
    Split,
    Task,
    check_shown,
    example_id,
    file_stem,
    parse_record,
    resolve_mapping,
    row_external_id,
)
from pipelines.files import RawRow, Table, file_hash, opened
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import datasets, examples, labels
from storage.engine.store import Store

Source = Literal["import", "production", "teacher", "expert"]
LABELER_KINDS: dict[Source, LabelerKind] = {
    "import": "imported",
    "production": "imported",
    "teacher": "teacher",
    "expert": "human",
}
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """What to read and how."""

    dataset: str
    files: tuple[Path, ...]
    mapping: dict[str, str] = field(default_factory=dict)
    source: Source = "import"
    labeler: str | None = None
    split: Split | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the rows. `unchanged` rows were there already with the same text.

    `first` says of each reason where it was met first, and what was wrong.
    """

    dataset: str
    added: int
    unchanged: int
    rejected: int
    labels_added: int
    by_reason: dict[str, int]
    first: dict[str, str]
    notes: tuple[str, ...]
    rejects_file: str | None


@dataclass(slots=True)
class _Run:
    """The running state of one file."""

    config: IngestConfig
    task: Task
    store: Store
    known: dict[str, tuple[str, str]]
    current: dict[tuple[str, str], str]
    since: int
    added: int = 0
    unchanged: int = 0
    labels_added: int = 0
    rejects: list[dict[str, object]] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    unread: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Seen:
    """An id met in this file. Several labelers may speak of one row, each in a line of its own."""

    content_hash: str
    labelers: set[str | None] = field(default_factory=set)


def run(config: IngestConfig, store: Store, *, progress: Progress = lambda _done, _total: None) -> IngestReport:
    """Read the files. Reading one twice adds nothing.

    Raises:
        NotFoundError: No such dataset or file.
        RequestError: The mapping does not fit a file. Nothing of that file was read then.
    """
    acting.require("ingest")
    if config.labeler is not None:
        check_shown(config.labeler, "labeler")
    dataset = datasets.require(store, config.dataset)
    task = datasets.task_of(store, dataset)
    since = store.seq()
    newest = labels.frame(store, dataset).select("labeler", "example_id", "value")
    current = {(labeler, example): value for labeler, example, value in newest.iter_rows()}
    state = _Run(config, task, store, examples.known(store, dataset), current, since)
    for path in config.files:
        file_hash(path)  # a missing file is told before the first one is read
    try:
        for path in config.files:
            _read_file(path, state, progress)
    finally:  # also what a file before a refused one lost is told
        rejects_file = _keep_rejects(store, dataset, state.rejects) if state.rejects else None
    counts = Counter(str(r["reason"]) for r in state.rejects)
    first = {str(r["reason"]): f"{r['file']} line {r['line']}: {r['detail']}" for r in reversed(state.rejects)}
    return IngestReport(
        dataset=dataset,
        added=state.added,
        unchanged=state.unchanged,
        rejected=len(state.rejects),
        labels_added=state.labels_added,
        by_reason=dict(sorted(counts.items())),
        first=dict(sorted(first.items())),
        notes=(*(f"{note} ({n} rows)" for note, n in sorted(state.notes.items())), *state.unread),
        rejects_file=str(rejects_file) if rejects_file else None,
    )


def _read_file(path: Path, state: _Run, progress: Progress) -> None:
    digest = file_hash(path)
    with opened(path, state.config.encoding) as table:
        _read_table(path, table, digest, state, progress)


def _read_table(path: Path, table: Table, digest: str, state: _Run, progress: Progress) -> None:
    named = table.columns()
    # Without a single readable object there is nothing to map, and every line has its own reason.
    mapping = resolve_mapping(state.config.mapping, named) if named else {}
    if unread := [column for column in named if column not in mapping.values()]:
        shown = ", ".join(unread[:10]) + (f" and {len(unread) - 10} more" if len(unread) > 10 else "")
        state.unread.append(f"{path.name}: columns that are not read: {shown}; --map FIELD=COLUMN takes one")
    total, batch, numbers = path.stat().st_size, list[Parsed](), list[int]()
    rows, seen_in_file = 0, dict[str, _Seen]()
    for row in table.rows():
        rows += 1
        parsed = _parse(path, row, mapping, digest, state, seen_in_file)
        if parsed is not None:
            batch.append(parsed)
            numbers.append(row.line)
        if len(batch) >= CHUNK:
            _write(path, batch, numbers, digest, state)
            batch, numbers = [], []
            progress(min(rows * 100, total), total)
    _write(path, batch, numbers, digest, state)
    progress(total, total)
    state.unread.extend(f"{path.name}: {note}" for note in table.notes)
    name = state.config.dataset
    told = audit.telling(actor=acting.actor(), action="ingest", subject=name, file=path.name, sha256=digest)
    examples.record_file(state.store, name, file_hash=digest, name=path.name, rows=rows, mapping=mapping, told=told)


def _parse(
    path: Path, row: RawRow, mapping: dict[str, str], digest: str, state: _Run, seen_in_file: dict[str, _Seen]
) -> Parsed | None:
    """The parsed row, or None with the reason noted."""

    def reject(reason: str, detail: str) -> None:
        raw = row.raw if row.record is None else _shown(row.record)
        state.rejects.append({"file": path.name, "line": row.line, "reason": reason, "detail": detail, "raw": raw})

    for note in row.notes:
        state.notes[f"{path.name} line {row.line}: {note}"] += 1
    if row.record is None:
        reject(row.reason or "unreadable", row.detail or "")
        return None
    try:
        parsed = parse_record(
            row.record,
            mapping,
            dataset=state.config.dataset,
            task=state.task,
            source=state.config.source,
            split=state.config.split,
            fallback_id=row_external_id(digest, row.line, row.part),
        )
    except Rejected as error:
        reject(error.reason, str(error))
        return None
    if parsed.given_id in state.known and parsed.example.external_id not in state.known:
        parsed = _as_known(parsed, parsed.given_id)
    example = parsed.example
    seen = seen_in_file.setdefault(example.external_id, _Seen(example.content_hash))
    if parsed.labeler in seen.labelers or seen.content_hash != example.content_hash:
        detail = f"id {example.external_id!r} stands in this file already"
        if seen.content_hash == example.content_hash and "labeler" not in mapping:
            detail += "; where several people labelled one row, name the column that says who: --map labeler=COLUMN"
        reject("duplicate_id", detail)
        return None
    seen.labelers.add(parsed.labeler)
    have = state.known.get(example.external_id)
    if have is not None and have[1] != example.content_hash:
        detail = f"id {example.external_id!r} is in the dataset with another text; give the new text a new id"
        reject("id_conflict", detail)
        return None
    state.notes.update(parsed.notes)
    return parsed


def _shown(record: dict[str, object]) -> str:
    """A record that is not taken, for the list of rejects."""
    try:
        return json.dumps(record, ensure_ascii=False, default=str)
    except RecursionError:
        return f"an object with the keys {', '.join(list(record)[:20])}, too deep to be written"


def _as_known(parsed: Parsed, external: str) -> Parsed:
    """The row under the id by which an older store knows it: identities were taken letter by letter then."""
    ident = example_id(parsed.example.dataset, external)
    return replace(parsed, example=replace(parsed.example, id=ident, external_id=external))


def _write(path: Path, batch: Sequence[Parsed], numbers: Sequence[int], digest: str, state: _Run) -> None:
    first: dict[str, tuple[Parsed, int]] = {}
    for parsed, number in zip(batch, numbers, strict=True):
        first.setdefault(parsed.example.external_id, (parsed, number))
    fresh = [pair for external, pair in first.items() if external not in state.known]
    added = examples.add(
        state.store, [p.example for p, _ in fresh], file_hash=digest, row_numbers=[n for _, n in fresh]
    )
    taken = _taken_meanwhile(path, fresh, state) if added < len(fresh) else set[str]()
    batch = [parsed for parsed in batch if parsed.example.external_id not in taken]
    # A row that another process brought in meanwhile was there already: every row is in one count.
    state.added += added
    state.unchanged += len(batch) - added
    for parsed, _ in fresh:
        state.known.setdefault(parsed.example.external_id, (parsed.example.id, parsed.example.content_hash))
    made = [label for label in (_label(parsed, state) for parsed in batch) if label is not None]
    state.labels_added += labels.add(state.store, state.config.dataset, made, since=state.since)


def _taken_meanwhile(path: Path, fresh: Sequence[tuple[Parsed, int]], state: _Run) -> set[str]:
    """The ids that another process gave to another text since this run began; each is rejected."""
    state.known.update(examples.known(state.store, state.config.dataset))
    taken = set[str]()
    for parsed, line in fresh:
        example = parsed.example
        if state.known[example.external_id][1] == example.content_hash:
            continue
        taken.add(example.external_id)
        detail = f"id {example.external_id!r} is in the dataset with another text; give the new text a new id"
        raw = json.dumps({"id": example.external_id, "text": example.text}, ensure_ascii=False)
        state.rejects.append({"file": path.name, "line": line, "reason": "id_conflict", "detail": detail, "raw": raw})
    return taken


def _label(parsed: Parsed, state: _Run) -> Label | None:
    """The row's label if it is news from its labeler."""
    if parsed.value is None:
        return None
    labeler = parsed.labeler or state.config.labeler or state.config.source
    key = (labeler, parsed.example.id)
    if state.current.get(key) == parsed.value:
        return None
    state.current[key] = parsed.value
    return Label(
        example_id=parsed.example.id,
        labeler=labeler,
        kind=LABELER_KINDS[state.config.source],
        value=parsed.value,
        task_hash=state.task.content_hash,
        confidence=parsed.confidence,
    )


def _keep_rejects(store: Store, dataset: str, rejects: list[dict[str, object]]) -> Path:
    """Write this run's rejects to a file named by their content, so that a rerun writes the same file."""
    body = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rejects).encode("utf-8", "backslashreplace")
    folder = store.folder / "rejects"
    folder.mkdir(exist_ok=True)
    path = folder / f"{file_stem(dataset)}-{hashlib.sha256(body).hexdigest()[:12]}.jsonl"
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_bytes(body)
    temporary.replace(path)
    return path
