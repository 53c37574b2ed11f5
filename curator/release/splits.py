"""Which rows train and which test: rows that belong together never straddle, and test stays test."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from curator.errors import DataError, RequestError
from curator.records import Split

LEAK_NEAR = "leak: shares a near-duplicate group with test"
LEAK_SOURCE = "leak: shares a source group with test"
LEAK_CHAIN = "leak: linked to test through a chain of near-duplicate and source groups"


@dataclass(frozen=True, slots=True)
class SplitResult:
    """Where each row went.

    Every row of the input is either in `assignments` or in `held_out`, never in both.

    Attributes:
        assignments: The split by example id.
        held_out: The reason by example id, for rows that may be in no split.
        components: The number of sets of rows that belong together; a single row counts as one.
        straddling: The number of components whose given splits disagreed, before they were settled.
    """

    assignments: dict[str, Split]
    held_out: dict[str, str]
    components: int
    straddling: int

    @property
    def reasons(self) -> dict[str, int]:
        """The number of rows held out, by reason."""
        return dict(sorted(Counter(self.held_out.values()).items()))


@dataclass(frozen=True, slots=True)
class _Row:
    example_id: str
    near: str | None
    group: str | None
    label: str


def assign_splits(
    rows: pl.DataFrame,
    *,
    near_groups: Mapping[str, str],
    test_share: float,
    seed: int,
    ledger: Mapping[str, Split],
    requested: Mapping[str, Split],
) -> SplitResult:
    """Assign each row to train or test, so that no near-duplicate or source group is in both.

    Rows that share a near-duplicate group or a source group form a component. Where the stored
    ledger, or the data itself, puts a row of a component into test, test wins: the component's
    train rows are held out, and so are rows that arrive after their test set was frozen in the
    ledger. The other components are drawn, stratified by label, until about `test_share` of all
    rows test; a component larger than the whole test set trains. The result does not depend on
    the order of the rows.

    Args:
        rows: Columns `example_id` (unique), `group` (source group or null), `label` (or null).
        near_groups: The near-duplicate group of an example id; ids without one stand alone.
        test_share: Share of test rows aimed at, 0 ≤ share < 1.
        seed: Fixes the draw.
        ledger: Splits assigned by earlier versions. They are never moved.
        requested: Splits that came with the data. The ledger has precedence.

    Raises:
        DataError: A column is missing, or an example id is missing or occurs twice.
        RequestError: `test_share` is outside 0 ≤ share < 1.
    """
    if not 0.0 <= test_share < 1.0:
        msg = f"test share {test_share} is outside 0 ≤ share < 1; give for example 0.2"
        raise RequestError(msg)
    components = _components(_read(rows, near_groups))
    assignments: dict[str, Split] = {}
    held_out: dict[str, str] = {}
    undecided: list[list[_Row]] = []
    straddling = 0
    for members in components:
        given: dict[str, Split] = {}
        for row in members:
            split = ledger.get(row.example_id) or requested.get(row.example_id)
            if split is not None:
                given[row.example_id] = split
        if not given:
            undecided.append(members)
            continue
        straddling += len(set(given.values())) > 1
        frozen = any(ledger.get(row.example_id) == "test" for row in members)
        _settle(members, given, frozen=frozen, assignments=assignments, held_out=held_out)
    tested = sum(split == "test" for split in assignments.values())
    wanted = test_share * (rows.height - len(held_out)) - tested
    chosen = _draw(undecided, wanted, seed)
    for members in undecided:
        split = "test" if members[0].example_id in chosen else "train"
        assignments.update((row.example_id, split) for row in members)
    return SplitResult(
        assignments=dict(sorted(assignments.items())),
        held_out=dict(sorted(held_out.items())),
        components=len(components),
        straddling=straddling,
    )


def _read(rows: pl.DataFrame, near_groups: Mapping[str, str]) -> list[_Row]:
    missing = {"example_id", "group", "label"} - set(rows.columns)
    if missing:
        msg = f"rows to split lack the column {sorted(missing)[0]!r}; expected example_id, group and label"
        raise DataError(msg)
    ids = rows["example_id"]
    if ids.null_count() or ids.n_unique() != rows.height:
        twice = rows.filter(ids.is_null() | ids.is_duplicated())["example_id"][0]
        msg = f"example id {twice!r} is missing or occurs twice among the rows to split; ids must be unique"
        raise DataError(msg)
    ordered = rows.sort("example_id")
    return [
        _Row(example_id, near_groups.get(example_id), group, "" if label is None else str(label))
        for example_id, group, label in zip(ordered["example_id"], ordered["group"], ordered["label"], strict=True)
    ]


def _components(rows: Sequence[_Row]) -> list[list[_Row]]:
    """Union-find over the shared keys. Members, and components, are ordered by example id."""
    parent = list(range(len(rows)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    first: dict[tuple[str, str], int] = {}
    for index, row in enumerate(rows):
        for key in _keys(row):
            one, other = root(first.setdefault(key, index)), root(index)
            # The smaller index is the root, so a component is named by its smallest example id.
            parent[max(one, other)] = min(one, other)
    members: defaultdict[int, list[_Row]] = defaultdict(list)
    for index, row in enumerate(rows):
        members[root(index)].append(row)
    return list(members.values())


def _keys(row: _Row) -> Iterable[tuple[str, str]]:
    if row.near is not None:
        yield "near", row.near
    if row.group is not None:
        yield "source", row.group


def _settle(
    members: Sequence[_Row],
    given: Mapping[str, Split],
    *,
    frozen: bool,
    assignments: dict[str, Split],
    held_out: dict[str, str],
) -> None:
    """Place the rows of a component in which at least one split is given. Test wins."""
    if "test" not in given.values():
        assignments.update((row.example_id, "train") for row in members)
        return
    default: Split = "train" if frozen else "test"
    testing = [row for row in members if given.get(row.example_id, default) == "test"]
    assignments.update((row.example_id, "test") for row in testing)
    test_keys = {key for row in testing for key in _keys(row)}
    for row in members:
        if row.example_id not in assignments:
            held_out[row.example_id] = _leak(row, test_keys)


def _leak(row: _Row, test_keys: set[tuple[str, str]]) -> str:
    shared = {kind for kind, _ in test_keys.intersection(_keys(row))}
    if "near" in shared:
        return LEAK_NEAR
    return LEAK_SOURCE if "source" in shared else LEAK_CHAIN


def _draw(components: Sequence[Sequence[_Row]], wanted: float, seed: int) -> set[str]:
    """The names (smallest example ids) of the components that test.

    The walk goes label by label, within a label in the order of a seeded hash, and takes a
    component whenever that brings the running number of test rows nearer to the running target.
    """
    eligible = [members for members in components if len(members) <= max(1.0, wanted)]
    total = sum(map(len, eligible))
    if wanted <= 0 or not total:
        return set()
    rate = min(1.0, wanted / total)
    chosen: set[str] = set()
    due, taken = 0.0, 0
    for members in sorted(eligible, key=lambda each: _order(each, seed)):
        due += rate * len(members)
        if due - taken >= len(members) / 2:
            chosen.add(members[0].example_id)
            taken += len(members)
    return chosen


def _order(members: Sequence[_Row], seed: int) -> tuple[str, str]:
    counts = Counter(row.label for row in members)
    label = min(counts, key=lambda each: (-counts[each], each))
    return label, hashlib.sha256(f"{seed}\x1f{members[0].example_id}".encode()).hexdigest()
