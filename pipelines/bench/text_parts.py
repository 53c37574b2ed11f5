"""Parts of the suite `curation` that need texts alone: known faults of public sets, planted duplicates, templates."""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from curator.duplicates import (
    closed_groups,
    contradictions,
    exact_groups,
    leaks,
    near_groups,
    near_pairs,
    template_forms,
)
from curator.text import normalise
from pipelines.bench import planted_languages
from pipelines.bench.planted import APART, EXACT, NEAR, Twin, plant
from pipelines.bench.real_sets import RealSet, load

KNOWN = {"banking77": (2, 25), "clinc150": (4, 36)}
"""Inputs with several labels, and texts that stand in more than one split, in the sets as published."""
_LEAST = {"exact": 0.99, "near": 0.95}
_LANGUAGES = "six languages"
_LEAST_IN_LANGUAGES = {
    "courtesy": 0.95, "case": 0.95, "space": 0.95, "width": 0.95, "one slip": 0.92, "two slips": 0.92,
    "dropped word": 0.90,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class KnownFaults:
    """The known faults of one set.

    Attributes:
        passed: Whether all of them were found.
        rows: Of the set.
        conflicts, conflicts_known: Inputs with several labels: found, and known.
        near_conflicts: Nearly equal inputs with several labels.
        shared_texts, shared_texts_known: Texts in more than one split: found, and known.
        near_pairs: Nearly equal pairs.
        seconds: It took.
    """

    passed: bool
    rows: int
    conflicts: int
    conflicts_known: int
    near_conflicts: int
    shared_texts: int
    shared_texts_known: int
    near_pairs: int
    seconds: float


@dataclass(frozen=True, slots=True)
class KnownBench:
    """Known faults by set."""

    passed: bool
    sets: Mapping[str, KnownFaults]
    part_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PlantedDuplicates:
    """What was found of planted duplicates in one set.

    Attributes:
        passed: Whether enough was found, and nothing merged that is different.
        rows: Of the set, with what was planted.
        planted: Twins by kind.
        recall: Share that was found, 0..1, by kind.
        merged: Twins that differ and were merged, by kind.
        seconds: It took.
    """

    passed: bool
    rows: int
    planted: Mapping[str, int]
    recall: Mapping[str, float]
    merged: Mapping[str, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class DuplicatesBench:
    """Planted duplicates by set, and the least recall."""

    passed: bool
    sets: Mapping[str, PlantedDuplicates]
    least: Mapping[str, float]
    part_seconds: float = 0.0


def known(data: Path | None, *, quick: bool, seed: int) -> KnownBench:
    """The label conflicts and shared texts that are known in Banking77 and CLINC150, by the product's checks."""
    sets = {name: _known_of(load(name, data), seed) for name in list(KNOWN)[: 1 if quick else None]}
    return KnownBench(all(found.passed for found in sets.values()), sets)


def _known_of(rows: RealSet, seed: int) -> KnownFaults:
    started = time.perf_counter()
    pairs = near_pairs(rows.texts, seed=seed)
    conflicts = contradictions(rows.texts, rows.labels, pairs)
    nobody: list[str | None] = [None] * len(rows.texts)
    forms, shared = template_forms(rows.texts), set[str]()
    for test, train in permutations(sorted(set(rows.splits)), 2):
        sides = ["test" if split == test else "train" if split == train else None for split in rows.splits]
        found = leaks(rows.texts, sides, nobody, near_pairs([]), forms)
        shared |= {normalise(rows.texts[leak.test_rows[0]]) for leak in found if leak.how == "exact"}
    exact = sum(conflict.exact for conflict in conflicts)
    least_conflicts, least_shared = KNOWN[rows.name]
    return KnownFaults(
        passed=exact >= least_conflicts and len(shared) >= least_shared,
        rows=len(rows.texts),
        conflicts=exact,
        conflicts_known=least_conflicts,
        near_conflicts=len(conflicts) - exact,
        shared_texts=len(shared),
        shared_texts_known=least_shared,
        near_pairs=len(pairs),
        seconds=time.perf_counter() - started,
    )


def duplicates(data: Path | None, *, quick: bool, seed: int) -> DuplicatesBench:
    """Planted duplicates found by kind, and twins that differ in a number, a negation or a name kept apart."""
    sets = {}
    for name in list(KNOWN)[: 1 if quick else None]:
        rows = load(name, data)
        sets[name] = _planted(rows.texts[:: 8 if quick else 1], each=60 if quick else 300, seed=seed)
    sets[_LANGUAGES] = _planted_in_languages(data, quick=quick, seed=seed)
    return DuplicatesBench(all(found.passed for found in sets.values()), sets, _LEAST | _LEAST_IN_LANGUAGES)


def _planted_in_languages(data: Path | None, *, quick: bool, seed: int) -> PlantedDuplicates:
    """Texts of 4 to 200 words in six languages among real ones; a copy is found where one finding names both rows."""
    bank, clinc = load("banking77", data).texts, load("clinc150", data).texts
    found = planted_languages.texts(data, [*clinc[:3000], *bank[:3000]], 20 if quick else 150, seed)
    twins = planted_languages.plant(found, 3 if quick else 42, seed)
    background = [*clinc[3000 : 3500 if quick else 9000], *bank[3000 : 3500 if quick else 6000]]
    everything, rows = with_twins([*(each.text for each in found), *background], twins)
    started = time.perf_counter()
    same = exact_groups(everything)
    groups = [*same, *closed_groups(near_groups(near_pairs(everything, seed=seed), len(everything)), same)]
    seconds = time.perf_counter() - started
    places: dict[int, set[int]] = defaultdict(set)
    for number, group in enumerate(groups):
        for row in group.rows:
            places[row].add(number)
    total = Counter(twin.kind for twin in twins)
    hits = Counter(twin.kind for twin, (left, right) in zip(twins, rows, strict=True) if places[left] & places[right])
    recall = {kind: hits[kind] / total[kind] for kind in planted_languages.COPIES}
    merged = {kind: hits[kind] for kind in planted_languages.TWINS_APART}
    enough = quick or all(recall[kind] >= least for kind, least in _LEAST_IN_LANGUAGES.items())
    return PlantedDuplicates(enough and not any(merged.values()), len(everything), dict(total), recall, merged, seconds)


def with_twins(texts: list[str], twins: list[Twin]) -> tuple[list[str], list[tuple[int, int]]]:
    """The texts with all twins among them, and the two rows of each twin."""
    everything = list(texts)
    rows = []
    for twin in twins:
        left = twin.row
        if left is None:
            left = len(everything)
            everything.append(twin.left)
        rows.append((left, len(everything)))
        everything.append(twin.right)
    return everything, rows


def _planted(texts: list[str], each: int, seed: int) -> PlantedDuplicates:
    twins = plant(texts, (*EXACT, *NEAR, *APART), each, seed)
    everything, rows = with_twins(texts, twins)
    started = time.perf_counter()
    first = {row: group.rows[0] for group in exact_groups(everything) for row in group.rows}
    near = near_groups(near_pairs(everything, seed=seed), len(everything))
    seconds = time.perf_counter() - started
    place = {row: number for number, group in enumerate(near) for row in group.rows}
    hits: Counter[str] = Counter()
    for twin, (left, right) in zip(twins, rows, strict=True):
        one, other = first.get(left, left), first.get(right, right)
        hits[twin.kind] += one == other or (one in place and place[one] == place.get(other))
    total = Counter(twin.kind for twin in twins)
    recall = {kind: hits[kind] / total[kind] for kind in (*EXACT, *NEAR) if total[kind]}
    enough = all(share >= _LEAST["exact" if kind in EXACT else "near"] for kind, share in recall.items())
    merged = {kind: hits[kind] for kind in APART}
    return PlantedDuplicates(
        passed=enough and not any(merged.values()),
        rows=len(everything),
        planted=dict(total),
        recall=recall,
        merged=merged,
        seconds=seconds,
    )
