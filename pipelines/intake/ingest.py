"""Files -> examples, and labels where the rows carry them. Bad rows are counted, listed and kept."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
    parse_record,
    row_external_id,
)
from pipelines.files import RawRow, Table, file_hash, opened
from pipelines.intake.mapped import map_columns, type_word
from pipelines.intake.new_facts import news
from pipelines.intake.rejects import as_raw, keep_rejects
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import changes, datasets, examples, labels
from storage.engine.store import Store

Source = Literal["import", "production", "teacher", "expert"]
LABELER_KINDS: dict[Source, LabelerKind] = {
    "import": "imported",
    "production": "imported",
    "teacher": "teacher",
    "expert": "human",
}
CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """What to read and how. In `mapping` None switches a field off; a field left out is known by its column's name."""

    dataset: str
    files: tuple[Path, ...]
    mapping: Mapping[str, str | None] = field(default_factory=dict)
    source: Source = "import"
    labeler: str | None = None
    split: Split | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the rows.

    Attributes:
        unchanged: Rows that were there already, with the same text and nothing new about them.
        changed: Rows that were there already, of which the file says something new; `changes` counts it by fact.
        first: Of each reason, where it was met first and what was wrong.
        mapping: By file, the fields and the columns that they were read from.
        metadata: By file, the other columns, which are kept with their rows, and the types of their values.
        notes: What else has to be known, each with the number of rows and the first of them.
    """

    dataset: str
    added: int
    unchanged: int
    changed: int
    rejected: int
    labels_added: int
    changes: dict[str, int]
    by_reason: dict[str, int]
    first: dict[str, str]
    mapping: dict[str, dict[str, str]]
    metadata: dict[str, dict[str, str]]
    notes: tuple[str, ...]
    rejects_file: str | None


@dataclass(slots=True)
class _Run:
    """The running state of one file."""

    config: IngestConfig
    task: Task
    store: Store
    known: dict[str, tuple[str, str]]
    current: dict[tuple[str, str], tuple[str, float | None]]
    since: int
    added: int = 0
    unchanged: int = 0
    changed: int = 0
    labels_added: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    rejects: list[dict[str, object]] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    noted_at: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    mapping: dict[str, dict[str, str]] = field(default_factory=dict)
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    about_files: list[str] = field(default_factory=list)

    def note(self, text: str, place: str) -> None:
        """Count a note, and keep where it was met first."""
        self.notes[text] += 1
        self.noted_at.setdefault(text, place)


@dataclass(slots=True)
class _Seen:
    """An id met in this file. Several labelers may speak of one row, each in a line of its own."""

    content_hash: str
    group: str | None
    split: str | None
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
    newest = labels.frame(store, dataset).select("labeler", "example_id", "value", "confidence")
    current = {(labeler, example): (value, sure) for labeler, example, value, sure in newest.iter_rows()}
    state = _Run(config, task, store, examples.known(store, dataset), current, since)
    for path in config.files:
        file_hash(path)  # a missing file is told before the first one is read
    try:
        for path in config.files:
            _read_file(path, state, progress)
    finally:  # also what a file before a refused one lost is told
        rejects_file = keep_rejects(store, dataset, state.rejects) if state.rejects else None
    counts = Counter(str(r["reason"]) for r in state.rejects)
    first = {str(r["reason"]): f"{r['file']} line {r['line']}: {r['detail']}" for r in reversed(state.rejects)}
    return IngestReport(
        dataset=dataset,
        added=state.added,
        unchanged=state.unchanged,
        changed=state.changed,
        rejected=len(state.rejects),
        labels_added=state.labels_added,
        changes=dict(sorted(state.changes.items())),
        by_reason=dict(sorted(counts.items())),
        first=dict(sorted(first.items())),
        mapping=state.mapping,
        metadata=state.metadata,
        notes=(
            *(f"{note} ({n} rows, first {state.noted_at[note]})" for note, n in sorted(state.notes.items())),
            *state.about_files,
        ),
        rejects_file=str(rejects_file) if rejects_file else None,
    )


def _read_file(path: Path, state: _Run, progress: Progress) -> None:
    digest = file_hash(path)
    with opened(path, state.config.encoding) as table:
        _read_table(path, table, digest, state, progress)


def _read_table(path: Path, table: Table, digest: str, state: _Run, progress: Progress) -> None:
    before = Counter(state.changes)
    state.asked.clear()
    mapped = map_columns(table, state.config.mapping)
    mapping, types = mapped.mapping, dict[str, set[str]]()
    state.mapping[path.name] = mapping
    total, batch, numbers = path.stat().st_size, list[Parsed](), list[int]()
    rows, seen_in_file = 0, dict[str, _Seen]()
    for row in table.rows():
        rows += 1
        parsed = _parse(path, row, mapping, digest, state, seen_in_file)
        if parsed is not None:
            for column, value in parsed.example.metadata.items():
                types.setdefault(column, set()).add(type_word(value))
            batch.append(parsed)
            numbers.append(row.line)
        if len(batch) >= CHUNK:
            _write(path, batch, numbers, digest, state)
            batch, numbers = [], []
            progress(min(rows * 100, total), total)
    _write(path, batch, numbers, digest, state)
    progress(total, total)
    kept = {column: " or ".join(sorted(words)) for column, words in types.items()}
    state.metadata[path.name] = kept
    state.about_files += [f"{path.name}: {note}" for note in (*table.notes, *mapped.notes, *_kept_words(kept))]
    name = state.config.dataset
    told = audit.telling(
        actor=acting.actor(),
        action="ingest",
        subject=name,
        file=path.name,
        sha256=digest,
        changes=dict(state.changes - before),
    )
    examples.record_file(state.store, name, file_hash=digest, name=path.name, rows=rows, mapping=mapping, told=told)


def _kept_words(kept: dict[str, str]) -> list[str]:
    """Which columns are no field."""
    if not kept:
        return []
    named = [f"{column or '(no name)'} ({words})" for column, words in list(kept.items())[:10]]
    more = f" and {len(kept) - 10} more" if len(kept) > 10 else ""
    return [f"kept as metadata: {', '.join(named)}{more}; --map FIELD=COLUMN makes one a field"]


def _parse(
    path: Path, row: RawRow, mapping: dict[str, str], digest: str, state: _Run, seen_in_file: dict[str, _Seen]
) -> Parsed | None:
    """The parsed row, or None with the reason noted."""

    def reject(reason: str, detail: str) -> None:
        raw = row.raw if row.record is None else as_raw(row.record)
        state.rejects.append({"file": path.name, "line": row.line, "reason": reason, "detail": detail, "raw": raw})

    for note in row.notes:
        state.note(note, f"{path.name} line {row.line}")
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
    seen = seen_in_file.setdefault(example.external_id, _Seen(example.content_hash, example.group, example.split))
    if parsed.labeler in seen.labelers or seen.content_hash != example.content_hash:
        detail = f"id {example.external_id!r} stands in this file already"
        if seen.content_hash == example.content_hash and "labeler" not in mapping:
            detail += "; where several people labelled one row, name the column that says who: --map labeler=COLUMN"
        reject("duplicate_id", detail)
        return None
    for fact, before, now in (("group", seen.group, example.group), ("split", seen.split, example.split)):
        if before != now:
            reject("two_facts", f"id {example.external_id!r} stands in this file with {fact} {before!r} and {now!r}")
            return None
    seen.labelers.add(parsed.labeler)
    have = state.known.get(example.external_id)
    if have is not None and have[1] != example.content_hash:
        detail = f"id {example.external_id!r} is in the dataset with another text; give the new text a new id"
        reject("id_conflict", detail)
        return None
    for note in parsed.notes:
        state.note(note, f"{path.name} line {row.line}")
    return parsed


def _as_known(parsed: Parsed, external: str) -> Parsed:
    """The row under the id by which an older store knows it: identities were taken letter by letter then."""
    ident = example_id(parsed.example.dataset, external)
    return replace(parsed, example=replace(parsed.example, id=ident, external_id=external))


def _write(path: Path, batch: Sequence[Parsed], numbers: Sequence[int], digest: str, state: _Run) -> None:
    first: dict[str, tuple[int, Parsed]] = {}
    for number, parsed in zip(numbers, batch, strict=True):
        first.setdefault(parsed.example.external_id, (number, parsed))
    fresh = [pair for external, pair in first.items() if external not in state.known]
    refused, changed = _take_news(path, [x for e, x in first.items() if e in state.known], digest, state)
    added = examples.add(
        state.store, [p.example for _, p in fresh], file_hash=digest, row_numbers=[n for n, _ in fresh]
    )
    taken = _taken_meanwhile(path, fresh, state) if added < len(fresh) else set[str]()
    batch = [parsed for parsed in batch if parsed.example.external_id not in taken]
    # A row that another process brought in meanwhile was there already: every row is in one count.
    good = [parsed for parsed in batch if parsed.example.id not in refused]
    state.added += added
    state.asked.update(parsed.example.id for _, parsed in fresh)
    for _, parsed in fresh:
        state.known.setdefault(parsed.example.external_id, (parsed.example.id, parsed.example.content_hash))
    made = [label for label in (_label(parsed, state, changed) for parsed in good) if label is not None]
    state.labels_added += labels.add(state.store, state.config.dataset, made, since=state.since)
    state.changed += len(changed)
    state.unchanged += len(good) - added - len(changed)


def _taken_meanwhile(path: Path, fresh: Sequence[tuple[int, Parsed]], state: _Run) -> set[str]:
    """The ids that another process gave to another text since this run began; each is rejected."""
    state.known.update(examples.known(state.store, state.config.dataset))
    taken = set[str]()
    for line, parsed in fresh:
        example = parsed.example
        if state.known[example.external_id][1] == example.content_hash:
            continue
        taken.add(example.external_id)
        detail = f"id {example.external_id!r} is in the dataset with another text; give the new text a new id"
        raw = as_raw({"id": example.external_id, "text": example.text})
        state.rejects.append({"file": path.name, "line": line, "reason": "id_conflict", "detail": detail, "raw": raw})
    return taken


def _take_news(path: Path, rows: Sequence[tuple[int, Parsed]], digest: str, state: _Run) -> tuple[set[str], set[str]]:
    """Record what known rows say anew; the ids of the rows that are refused, and of those that changed."""
    rows = [(n, parsed) for n, parsed in rows if parsed.example.id not in state.asked]
    state.asked.update(parsed.example.id for _, parsed in rows)
    found = news(state.store, state.config.dataset, rows)
    dataset, actor = state.config.dataset, acting.actor()
    told = audit.telling(actor=actor, action="facts", subject=dataset, count=True, file=path.name, sha256=digest)
    changes.add(state.store, dataset, found.changes, file_hash=digest, actor=actor, told=told)
    state.changes.update(change.field for change in found.changes)
    by_number = dict(rows)
    for number, detail in found.refused.items():
        raw = f"id {by_number[number].example.external_id}, split {by_number[number].example.split}"
        state.rejects.append(
            {"file": path.name, "line": number, "reason": "split_is_drawn", "detail": detail, "raw": raw}
        )
    return {by_number[n].example.id for n in found.refused}, {c.example_id for c in found.changes}


def _label(parsed: Parsed, state: _Run, changed: set[str]) -> Label | None:
    """The row's label if it, or how sure its labeler is, is news."""
    if parsed.value is None:
        return None
    labeler = parsed.labeler or state.config.labeler or state.config.source
    key = (labeler, parsed.example.id)
    have, sure = state.current.get(key, (None, None))
    if have == parsed.value:
        if parsed.confidence is None or parsed.confidence == sure:
            return None
        state.changes["confidence"] += 1
        changed.add(parsed.example.id)
    state.current[key] = (parsed.value, parsed.confidence)
    return Label(
        example_id=parsed.example.id,
        labeler=labeler,
        kind=LABELER_KINDS[state.config.source],
        value=parsed.value,
        task_hash=state.task.content_hash,
        confidence=parsed.confidence,
    )
