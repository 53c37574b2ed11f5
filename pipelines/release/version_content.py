"""Which rows go into a version and why the others do not, and its data files: what release and rebuild share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from curator.errors import NotEnoughDataError
from curator.records import EVALUATED, SPLITS, PreferencePair, Split, answer_turn
from curator.release import (
    LAYOUT,
    DpoRow,
    FileFact,
    Look,
    NoTableError,
    SftRow,
    SplitResult,
    Stage,
    Turns,
    as_prompt,
    cannot_carry,
    file_fact,
    get_format,
    look,
    look_at_table,
    render_format,
    says_of_tools,
)
from pipelines import splits as splitting
from storage.dataset import datasets, examples
from storage.engine.store import Store
from storage.release import versions
from storage.views import current as views

Labels = Literal["current", "teacher"]
_NO_TABLE = (
    "what it says of tools as columns of a table: its files have to be Parquet, since a reader would take other texts "
    "of them for dates"
)


@dataclass(frozen=True, slots=True)
class VersionChoice:
    """What decides about a version's rows: whose labels, which draw of the splits, as of which seq."""

    dataset: str
    labeler: str
    as_of_seq: int
    labels: Labels = "current"
    test_share: float = 0.2
    seed: int = 0
    validation_share: float = 0.0


@dataclass(frozen=True, slots=True)
class VersionContent:
    """The rows of a version, and why the others are not in it.

    Attributes:
        rows: By split, as `storage.views.current` gives them, with the label that ships as `value`; train and test,
            and validation where the dataset has any.
        pairs: Preference pairs by split.
        left_out: Example id -> why it is not in the version.
        pairs_out: How many stored pairs are not in it, by why.
        split: The assignment that the splits come from.
        messages: Example id -> the turns of its input.
        tools: Example id -> the tools that its model may call, where it has any.
        names: Example id -> external id.
    """

    rows: dict[Split, pl.DataFrame]
    pairs: dict[Split, list[PreferencePair]]
    left_out: dict[str, str]
    pairs_out: dict[str, int]
    split: SplitResult
    messages: dict[str, Turns]
    tools: dict[str, str]
    names: dict[str, str]

    @property
    def excluded(self) -> dict[str, int]:
        """How many rows are left out, by why."""
        return dict(Counter(self.left_out.values()))


def select(store: Store, choice: VersionChoice, alike: splitting.Alike | None = None) -> VersionContent:
    """The rows and pairs of a version as of the choice's seq.

    Args:
        store: The store.
        choice: What decides about the rows.
        alike: Has found which rows are alike, perhaps; None: it is found here.

    Raises:
        NotEnoughDataError: No releasable row in train.
    """
    rows = views.current(store, choice.dataset, labeler=choice.labeler, as_of=choice.as_of_seq)
    task = datasets.task_of(store, choice.dataset, as_of=choice.as_of_seq)
    ledger: dict[str, Split] = dict(
        rows.filter(pl.col("split").is_not_null()).select("example_id", "split").iter_rows()
    )
    split = splitting.plan_splits(
        rows,
        task,
        ledger=ledger,
        test_share=choice.test_share,
        seed=choice.seed,
        validation_share=choice.validation_share,
        alike=alike,
    )
    rows = rows.with_columns(place=pl.col("example_id").replace_strict(split.assignments, default=None))
    held = pl.col("place").is_in(EVALUATED)
    if choice.labels == "teacher":
        raw = ~held & pl.col("out").is_in(["rejected", "disputed", "unsettled"])
        rows = rows.with_columns(
            value=pl.when(held).then("value").otherwise("teacher_value"),
            out=pl.when(raw).then(None).otherwise("out"),
        )
    lacking = pl.when(pl.col("value").is_null()).then(pl.lit("unlabelled"))
    rows = rows.with_columns(out=pl.coalesce("out", lacking))
    rows = rows.with_columns(out=pl.coalesce("out", pl.col("example_id").replace_strict(split.held_out, default=None)))
    kept = rows.filter(pl.col("out").is_null())
    if kept.filter(~held).is_empty():
        msg = f"dataset {choice.dataset!r} has no releasable row in train; see `curator dataset show {choice.dataset}`"
        raise NotEnoughDataError(msg)
    there: list[Split] = [name for name in SPLITS if name != "validation" or name in split.assignments.values()]
    by_split: dict[Split, pl.DataFrame] = {name: kept.filter(pl.col("place") == name) for name in there}
    out = rows.filter(pl.col("out").is_not_null()).select("example_id", "out")
    values, approved = dict(kept.select("example_id", "value").iter_rows()), views.approved_values(kept)
    pairs, pairs_out = list[PreferencePair](), Counter[str]()
    for pair in versions.pairs(store, choice.dataset, as_of=choice.as_of_seq):
        reason = _why_no_pair(pair, values, approved)
        if reason is None:
            pairs.append(pair)
        else:
            pairs_out[reason] += 1
    messages: dict[str, Turns] = {
        row["example_id"]: as_prompt(examples.parse_messages(row["messages"]))
        for row in kept.select("example_id", "messages").iter_rows(named=True)
    }
    return VersionContent(
        rows=by_split,
        pairs={
            name: [p for p in pairs if split.assignments.get(p.example_id) == name]
            if choice.labels == "current"
            else []
            for name in there
        },
        left_out=dict(out.iter_rows()),
        pairs_out=dict(pairs_out),
        split=split,
        messages=messages,
        tools=dict(kept.filter(pl.col("tools").is_not_null()).select("example_id", "tools").iter_rows()),
        names=dict(kept.select("example_id", "external_id").iter_rows()),
    )


def _why_no_pair(pair: PreferencePair, values: dict[str, str], approved: dict[str, str]) -> str | None:
    """Why a stored pair is not in the version; None where it is.

    A choice between two answers stands beside a label that nobody has approved; what was made from a label, with it.
    """
    value = values.get(pair.example_id)
    if value is None:
        return "row_not_released"
    if value == pair.chosen:
        return None
    if pair.source in ("preference", "import"):
        return "rejected_is_approved" if approved.get(pair.example_id) == pair.rejected else None
    return "label_changed"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One data file: its bytes, the external id of the row on each line, and what a reader finds in it."""

    data: bytes
    ids: tuple[str, ...]
    look: Look

    @property
    def rows(self) -> int:
        """The number of its lines."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class DataFiles:
    """The data files by path, and by format what it cannot carry -> the rows that are not in its files for that."""

    files: dict[str, DataFile]
    refused: dict[str, dict[str, list[str]]]

    def bytes_by_path(self) -> dict[str, bytes]:
        """Path -> bytes."""
        return {path: file.data for path, file in self.files.items()}

    def facts(self) -> list[FileFact]:
        """What a manifest says of each file."""
        return [file_fact(path, file.data, file.rows) for path, file in self.files.items()]

    def looks(self) -> dict[str, Look]:
        """Path -> what a reader finds."""
        return {path: file.look for path, file in self.files.items()}


def data_files(formats: tuple[str, ...], content: VersionContent, layout: int = LAYOUT) -> DataFiles:
    """Every data file, and the rows that a format refuses.

    Args:
        formats: The formats.
        content: The rows.
        layout: The rules by which files are written.
    """
    made = DataFiles({}, {})
    for name in formats:
        kept: dict[tuple[Stage, Split], Any] = {}
        for split in content.rows:
            for stage in get_format(name, layout).stages:
                rows = _sft_rows(content, split) if stage == "sft" else _dpo_rows(content, split)
                # A version without test rows has no test file: an empty one is no valid training file.
                if carried := _carried(made, name, rows, content.names, layout):
                    kept[stage, split] = carried
        _write(made, name, kept, content.names, layout)
    return made


def _sft_rows(content: VersionContent, split: Split) -> list[SftRow]:
    return [
        SftRow(example, (*content.messages[example], answer_turn(value)), content.tools.get(example))
        for example, value in content.rows[split].select("example_id", "value").iter_rows()
    ]


def _dpo_rows(content: VersionContent, split: Split) -> list[DpoRow]:
    return [
        DpoRow(p.example_id, content.messages[p.example_id], p.chosen, p.rejected, content.tools.get(p.example_id))
        for p in content.pairs[split]
    ]


def _carried(
    made: DataFiles, format: str, rows: Sequence[SftRow] | Sequence[DpoRow], names: dict[str, str], layout: int
) -> list[Any]:
    """The rows that the format carries; the others are noted in `made`."""
    reasons = [cannot_carry(format, row, layout) for row in rows]
    return _without_refused(made, format, rows, reasons, names)


def _without_refused(
    made: DataFiles, format: str, rows: Sequence[Any], reasons: Sequence[str | None], names: dict[str, str]
) -> list[Any]:
    """The rows of which there is nothing to say; the others are noted in `made`, each row once for a reason."""
    for row, reason in zip(rows, reasons, strict=True):
        if reason is not None:
            ids = made.refused.setdefault(format, {}).setdefault(reason, [])
            if names[row.example_id] not in ids:
                ids.append(names[row.example_id])
    return [row for row, reason in zip(rows, reasons, strict=True) if reason is None]


def _write(
    made: DataFiles, format: str, kept: dict[tuple[Stage, Split], Any], names: dict[str, str], layout: int
) -> None:
    lines = get_format(format, layout).rows_of_pair
    try:
        files = render_format(format, kept, layout)
    except NoTableError:
        for key, rows in kept.items():
            reasons = [_NO_TABLE if says_of_tools(row) else None for row in rows]
            kept[key] = _without_refused(made, format, rows, reasons, names)
        kept = {key: rows for key, rows in kept.items() if rows}
        files = render_format(format, kept, layout)
    for (key, rows), (path, data) in zip(kept.items(), files.items(), strict=True):
        times = lines if key[0] == "dpo" else 1
        ids = tuple(names[row.example_id] for row in rows for _ in range(times))
        found = (look_at_table if path.endswith(".parquet") else look)(data)
        made.files[path] = DataFile(data, ids, found)
