"""Which rows train, validate and test: rows that belong together never straddle, and what is held out stays out."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from curator.errors import DataError, RequestError
from curator.records import Split

LEAK_NEAR = "leak: shares a near-duplicate group with test"
LEAK_SOURCE = "leak: shares a source group with test"
LEAK_CHAIN = "leak: linked to test through a chain of near-duplicate and source groups"
LEAK_TEMPLATE = "leak: made from a template that is frozen in test"
_ENOUGH = 0.5
"""Share of the rows wanted that must be drawn; where whole templates give fewer, templates are divided."""


@dataclass(frozen=True, slots=True)
class SplitResult:
    """Where each row went.

    Every row of the input is either in `assignments` or in `held_out`, never in both.

    Attributes:
        assignments: The split by example id.
        held_out: The reason by example id, for rows that may be in no split.
        components: The number of sets of rows that belong together by near-duplicate and source group; a single row
            counts as one.
        largest: Rows of the largest of them.
        straddling: The number of components whose given splits disagreed, before they were settled.
        divided: Rows were drawn although others of their template train: whole templates would have left too few.
    """

    assignments: dict[str, Split]
    held_out: dict[str, str]
    components: int
    straddling: int
    largest: int = 0
    divided: bool = False

    @property
    def reasons(self) -> dict[str, int]:
        """The number of rows held out, by reason."""
        return dict(sorted(Counter(self.held_out.values()).items()))


@dataclass(frozen=True, slots=True)
class _Row:
    example_id: str
    near: str | None
    group: str | None
    template: str | None
    label: str


_Component = Sequence[_Row]


@dataclass(slots=True)
class _Places:
    """What is settled so far."""

    assignments: dict[str, Split] = field(default_factory=dict)
    held_out: dict[str, str] = field(default_factory=dict)

    def put(self, rows: Iterable[_Row], split: Split) -> None:
        self.assignments.update((row.example_id, split) for row in rows)

    def count(self, split: Split) -> int:
        return sum(each == split for each in self.assignments.values())


def assign_splits(
    rows: pl.DataFrame,
    *,
    near_groups: Mapping[str, str],
    test_share: float,
    seed: int,
    ledger: Mapping[str, Split],
    requested: Mapping[str, Split],
    validation_share: float = 0.0,
    templates: Mapping[str, str] | None = None,
) -> SplitResult:
    """Assign each row to train, validation or test, so that no near-duplicate or source group is in two of them.

    Rows that share a near-duplicate group or a source group form a component. Where the stored
    ledger, or the data itself, puts a row of a component into test, test wins: the component's
    other rows are held out, and so are rows that arrive after their test set was frozen in the
    ledger. Validation wins over train in the same way. The other components are drawn, stratified
    by label, until about `test_share` of all rows test and `validation_share` validate.

    The draw keeps the rows of a template together as well. A set of rows larger than what is to be
    drawn trains, and so does one that holds the last rows of a label. Where too few rows are left to
    draw from, templates are divided (`SplitResult.divided`). Of splits that the data brings, a template
    moves nothing; a row that comes later goes where the ledger has its template: to train, or out, where
    all of it is held out. The result does not depend on the order of the rows.

    Args:
        rows: Columns `example_id` (unique), `group` (source group or null), `label` (or null).
        near_groups: The near-duplicate group of an example id; ids without one stand alone.
        test_share: Share of test rows aimed at, 0 ≤ share < 1.
        seed: Fixes the draw.
        ledger: Splits assigned by earlier versions. They are never moved.
        requested: Splits that came with the data. The ledger has precedence.
        validation_share: Share of validation rows aimed at, 0 ≤ share, both shares together below 1.
        templates: The template of an example id (`curator.duplicates.shared_templates`); others have none.

    Raises:
        DataError: A column is missing, or an example id is missing or occurs twice.
        RequestError: A share is out of its range.
    """
    _check_shares(test_share, validation_share)
    components = _united(_read(rows, near_groups, templates or {}), _keys)
    places = _Places()
    undecided: list[_Component] = []
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
        _settle(members, given, ledger, places)
    undecided = _after_the_ledger(components, undecided, ledger, places)
    divided = False
    total = rows.height - len(places.held_out)
    shares: tuple[tuple[Split, float], ...] = (("test", test_share), ("validation", validation_share))
    for split, share in shares:
        wanted = share * total - places.count(split)
        chosen, cut = _draw(undecided, wanted, seed)
        divided |= cut
        for members in undecided:
            if members[0].example_id in chosen:
                places.put(members, split)
        undecided = [members for members in undecided if members[0].example_id not in chosen]
    for members in undecided:
        places.put(members, "train")
    return SplitResult(
        assignments=dict(sorted(places.assignments.items())),
        held_out=dict(sorted(places.held_out.items())),
        components=len(components),
        straddling=straddling,
        largest=max(map(len, components), default=0),
        divided=divided,
    )


def _check_shares(test_share: float, validation_share: float) -> None:
    if not 0.0 <= test_share < 1.0:
        msg = f"test share {test_share} is outside 0 ≤ share < 1; give for example 0.2"
        raise RequestError(msg)
    if not 0.0 <= validation_share < 1.0:
        msg = f"validation share {validation_share} is outside 0 ≤ share < 1; give for example 0.1"
        raise RequestError(msg)
    if test_share + validation_share >= 1.0:
        msg = f"test share {test_share} and validation share {validation_share} leave no row to train; give less"
        raise RequestError(msg)


def _read(rows: pl.DataFrame, near_groups: Mapping[str, str], templates: Mapping[str, str]) -> list[_Row]:
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
        _Row(each, near_groups.get(each), group, templates.get(each), "" if label is None else str(label))
        for each, group, label in zip(ordered["example_id"], ordered["group"], ordered["label"], strict=True)
    ]


def _united(rows: Sequence[_Row], keys: Callable[[_Row], Iterable[tuple[str, str]]]) -> list[_Component]:
    """Union-find over the shared keys. Members, and components, are ordered by example id."""
    parent = list(range(len(rows)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    first: dict[tuple[str, str], int] = {}
    for index, row in enumerate(rows):
        for key in keys(row):
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


def _keys_and_template(row: _Row) -> Iterable[tuple[str, str]]:
    yield from _keys(row)
    if row.template is not None:
        yield "template", row.template


def _settle(members: _Component, given: Mapping[str, Split], ledger: Mapping[str, Split], places: _Places) -> None:
    """Place the rows of a component in which at least one split is given. Test wins, then validation."""
    strongest: tuple[Split, ...] = ("test", "validation")
    winner = next((split for split in strongest if split in given.values()), None)
    if winner is None:
        places.put(members, "train")
        return
    frozen = any(ledger.get(row.example_id) == winner for row in members)
    default = None if frozen else winner
    inside = [row for row in members if given.get(row.example_id, default) == winner]
    places.put(inside, winner)
    keys = {key for row in inside for key in _keys(row)}
    for row in members:
        if row.example_id not in places.assignments:
            places.held_out[row.example_id] = _about(_leak(row, keys), winner)


def _about(leak: str, split: Split) -> str:
    """What is said of a leak into test, of the split that it is about."""
    return leak.replace("test", split)


def _leak(row: _Row, test_keys: set[tuple[str, str]]) -> str:
    shared = {kind for kind, _ in test_keys.intersection(_keys(row))}
    if "near" in shared:
        return LEAK_NEAR
    return LEAK_SOURCE if "source" in shared else LEAK_CHAIN


def _after_the_ledger(
    components: Sequence[_Component], undecided: Sequence[_Component], ledger: Mapping[str, Split], places: _Places
) -> list[_Component]:
    """Settle the components that share a template with rows of the ledger; returns the others."""
    frozen: defaultdict[str, set[Split]] = defaultdict(set)
    for row in (row for members in components for row in members):
        if row.template is not None and row.example_id in ledger:
            frozen[row.template].add(ledger[row.example_id])
    left: list[_Component] = []
    for members in undecided:
        sides = {split for row in members if row.template is not None for split in frozen.get(row.template, ())}
        if not sides:
            left.append(members)
        elif "train" in sides:
            places.put(members, "train")
        else:
            reason = _about(LEAK_TEMPLATE, "test" if "test" in sides else "validation")
            places.held_out.update((row.example_id, reason) for row in members)
    return left


def _draw(components: Sequence[_Component], wanted: float, seed: int) -> tuple[set[str], bool]:
    """The ids of the rows drawn, whole components, and whether templates were divided for it."""
    alone = {members[0].example_id: len(members) for members in components}
    rows = sorted((row for members in components for row in members), key=lambda row: row.example_id)
    families = _united(rows, _keys_and_template)
    drawn = _walk(families, wanted, seed, alone)
    if len(families) < len(components) and len(drawn) < _ENOUGH * wanted:
        divided = _walk(components, wanted, seed, alone)
        if len(divided) > len(drawn):
            return divided, True
    return drawn, False


def _walk(families: Sequence[_Component], wanted: float, seed: int, alone: Mapping[str, int]) -> set[str]:
    """The ids of the rows drawn.

    The walk goes label by label, within a label in the order of a seeded hash, and takes a family of rows whenever
    that brings the running number of drawn rows nearer to the running target. One that a template unites stays where
    it holds the last rows of a label: nothing would train it.

    Args:
        families: Sets of rows that stay together.
        wanted: Rows to draw.
        seed: Fixes the order.
        alone: By the first id of a component, its size: a larger family is united by a template.
    """
    eligible = [members for members in families if len(members) <= max(1.0, wanted)]
    total = sum(map(len, eligible))
    if wanted <= 0 or not total:
        return set()
    rate = min(1.0, wanted / total)
    left = Counter(row.label for members in families for row in members)
    drawn: set[str] = set()
    due = 0.0
    for members in sorted(eligible, key=lambda each: _order(each, seed)):
        due += rate * len(members)
        labels = Counter(row.label for row in members)
        last = len(members) > alone[members[0].example_id] and any(labels[each] >= left[each] for each in labels)
        if due - len(drawn) >= len(members) / 2 and not last:
            drawn.update(row.example_id for row in members)
            left -= labels
    return drawn


def _order(members: _Component, seed: int) -> tuple[str, str]:
    counts = Counter(row.label for row in members)
    label = min(counts, key=lambda each: (-counts[each], each))
    return label, hashlib.sha256(f"{seed}\x1f{members[0].example_id}".encode()).hexdigest()
