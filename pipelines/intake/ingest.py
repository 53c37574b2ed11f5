"""Files -> examples, and labels where the rows carry them. Bad rows are counted, listed and kept."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from curator.ports import Progress
from curator.records import check_shown
from pipelines.files import InputFile, file_hash, gathered, opened
from pipelines.intake.config import LABELER_KINDS, IngestConfig, Source
from pipelines.intake.reading import Survey, rows_of, survey
from pipelines.intake.rejects import keep_rejects
from pipelines.intake.run_state import IngestRun, LabelKey
from pipelines.intake.writing import record_file, write
from pipelines.runtime import acting
from storage.dataset import datasets, examples, labels
from storage.engine.store import Store

BATCH_ROWS = 5_000

__all__ = ["LABELER_KINDS", "IngestConfig", "IngestReport", "Source", "run"]


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the rows; of a dry run, what would.

    Attributes:
        unchanged: Rows that were there already, with the same text and nothing new about them.
        changed: Rows that were there already, of which the file says something new; `changes` counts it by fact.
        labels_by: By labeler, the labels that were added.
        opinions: By what they are (rejected, skipped), answers and rows that somebody judged without a label.
        comparisons: Comparisons of two answers that were added.
        attempts: By what became of them, requests to models that were added.
        first: Of each reason, where it was met first and what was wrong.
        formats: By file, what it was read as.
        mapping: By file, the fields and the columns that they were read from.
        metadata: By file, the other columns, which are kept with their rows, and the types of their values.
        notes: What else has to be known, each with the number of rows and the first of them.
        dry_run: Whether nothing was written.
        rows: Rows that the files hold, read or rejected.
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
    formats: Mapping[str, str] = field(default_factory=dict)
    labels_by: Mapping[str, int] = field(default_factory=dict)
    opinions: Mapping[str, int] = field(default_factory=dict)
    comparisons: int = 0
    attempts: Mapping[str, int] = field(default_factory=dict)
    dry_run: bool = False
    rows: int = 0


def run(config: IngestConfig, store: Store, *, progress: Progress = lambda _done, _total: None) -> IngestReport:
    """Read the files. Reading one twice adds nothing.

    Raises:
        NotFoundError: No such dataset or file.
        RequestError: The mapping or the format does not fit a file. Nothing of that file was read then.
    """
    acting.require("ingest")
    if config.labeler is not None:
        check_shown(config.labeler, "labeler")
    dataset = datasets.require(store, config.dataset)
    state = begin(config, store, dataset)
    try:
        with gathered(config.files) as files:
            for file in files:
                file_hash(file.path)  # a missing file is told before the first one is read
            state.several = len(files) > 1
            for file in _in_order(files, config):
                _read_file(file, state, progress)
    finally:  # also what a file before a refused one lost is told
        keep = state.rejects and not config.dry_run
        rejects_file = keep_rejects(store, dataset, state.rejects) if keep else None
    return _report(state, dataset, str(rejects_file) if rejects_file else None)


def begin(config: IngestConfig, store: Store, dataset: str) -> IngestRun:
    """What is known before the first file is read."""
    since = store.seq()
    newest = labels.frame(store, dataset).select("labeler", "example_id", "sample", "value", "confidence", "task_hash")
    task = datasets.task_of(store, dataset)
    rules = datasets.same_rules(store, dataset, task)
    current: dict[LabelKey, tuple[str, float | None]] = {}
    stale: set[LabelKey] = set()
    for who, example, sample, value, sure, under in newest.iter_rows():
        current[who, example, sample] = (value, sure)
        (stale.discard if under in rules else stale.add)((who, example, sample))
    return IngestRun(config, task, store, examples.known(store, dataset), current, since, stale=stale)


def _in_order(files: Sequence[InputFile], config: IngestConfig) -> list[InputFile]:
    """Files that bring rows before files that speak of them."""
    if len(files) < 2:
        return list(files)
    after: list[InputFile] = []
    before: list[InputFile] = []
    for file in files:
        with opened(file.path, config.encoding) as table:
            found = survey(table, config, file)
        (after if found.format is not None and found.format.after else before).append(file)
    return before + after


def _read_file(path: InputFile, state: IngestRun, progress: Progress) -> None:
    digest = file_hash(path.path)
    with opened(path.path, state.config.encoding) as table:
        found = survey(table, state.config, path)
        state.begin_file(path, found.title, found.mapping)
        total, rows = path.path.stat().st_size, 0
        batch, numbers = [], []
        for row, parsed in rows_of(path, table, found, digest, state):
            rows += 1
            if parsed is None:
                continue
            batch.append(parsed)
            numbers.append(row.line)
            if len(batch) >= BATCH_ROWS:
                write(path, batch, numbers, digest, found.origin, state)
                batch, numbers = [], []
                progress(min(rows * 100, total), total)
        write(path, batch, numbers, digest, found.origin, state)
        progress(total, total)
        state.rows += rows
        if not rows:
            state.about_files.append(f"{path.name} holds no row")
        _tell_file(path, found, table.notes, state)
        record_file(path, digest, found.mapping, rows, state)


def _tell_file(path: InputFile, found: Survey, notes: tuple[str, ...], state: IngestRun) -> None:
    kept = {column: " or ".join(sorted(words)) for column, words in state.types.items()}
    state.metadata[path.name] = kept
    cannot = [f"not read of {found.title}: {found.format.cannot}"] if found.format and found.format.cannot else []
    if path.beside:
        more = f" and {len(path.beside) - 10} more" if len(path.beside) > 10 else ""
        state.about_files.append(f"not read, as they hold no rows: {', '.join(path.beside[:10])}{more}")
    state.about_files += [f"{path.name}: {note}" for note in (*notes, *found.notes, *cannot, *_kept_words(kept))]


def _kept_words(kept: dict[str, str]) -> list[str]:
    """Which columns are no field."""
    if not kept:
        return []
    named = [f"{column or '(no name)'} ({words})" for column, words in list(kept.items())[:10]]
    more = f" and {len(kept) - 10} more" if len(kept) > 10 else ""
    return [f"kept as metadata: {', '.join(named)}{more}; --map FIELD=COLUMN makes one a field"]


def _report(state: IngestRun, dataset: str, rejects_file: str | None) -> IngestReport:
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
        rejects_file=rejects_file,
        formats=state.formats,
        labels_by=dict(sorted(state.labels_by.items())),
        opinions=dict(sorted(state.opinions.items())),
        comparisons=state.comparisons,
        attempts=dict(sorted(state.attempts.items())),
        dry_run=state.config.dry_run,
        rows=state.rows,
    )
