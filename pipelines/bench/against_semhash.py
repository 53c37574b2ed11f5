"""Part `semhash` of the suite `curation`: duplicates of meaning beside the library that is nearest to this."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curator.duplicates import exact_groups, near_groups, near_pairs, semantic_pairs
from curator.errors import RequestError
from pipelines.bench.planted import APART, EXACT, NEAR, plant
from pipelines.bench.real_sets import encoded, load
from pipelines.bench.text_parts import with_twins

_ROWS = 10_000
_THRESHOLD = 0.9
"""SemHash's own default cosine, used for both."""
_Groups = dict[int, int]


@dataclass(frozen=True, slots=True)
class GroupingFigures:
    """What one of the two did.

    Attributes:
        seconds, cpu_seconds: By the clock, and of the processor.
        set_aside: Rows that stand for another.
        recall: Share of planted copies that were found, 0..1, by kind.
        merged: Twins that differ and were merged, by kind.
    """

    seconds: float
    cpu_seconds: float
    set_aside: int
    recall: Mapping[str, float]
    merged: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SemHashBench:
    """Both on the same vectors at the same cosine."""

    passed: bool
    rows: int
    threshold: float
    curator: GroupingFigures
    semhash: GroupingFigures
    part_seconds: float = 0.0


def against_semhash(data: Path | None, keep: Path, *, quick: bool, seed: int) -> SemHashBench:
    """Duplicates of meaning against SemHash, on the same vectors at the same cosine, with planted copies.

    A copy is found where it is in one group with its original; for SemHash, where both have one representative.
    """
    texts = load("clinc150", data).texts[: 500 if quick else _ROWS]
    twins = plant(texts, (*EXACT, *NEAR, *APART), 30 if quick else 300, seed)
    everything, rows = with_twins(texts, twins)
    vectors_ND = encoded(everything, keep)
    ours, ours_s, ours_cpu_s = _clocked(lambda: _group(vectors_ND, everything))
    theirs, theirs_s, theirs_cpu_s = _clocked(lambda: _semhash_group(vectors_ND, everything))

    def figures(group: _Groups, seconds: float, cpu: float) -> GroupingFigures:
        together = {
            kind: [group.get(a, a) == group.get(b, b) for twin, (a, b) in zip(twins, rows, strict=True)
                   if twin.kind == kind]
            for kind in (*EXACT, *NEAR, *APART)
        }  # fmt: skip
        return GroupingFigures(
            seconds=seconds,
            cpu_seconds=cpu,
            set_aside=sum(row != head for row, head in group.items()),
            recall={k: sum(hits) / len(hits) for k, hits in together.items() if hits and k not in APART},
            merged={kind: sum(together[kind]) for kind in APART},
        )

    mine, rival = figures(ours, ours_s, ours_cpu_s), figures(theirs, theirs_s, theirs_cpu_s)
    no_worse = all(mine.recall[kind] >= value for kind, value in rival.recall.items())
    # Names in texts without capitals are not known as names; such rows are shown together and never merged unseen.
    apart = not mine.merged["another number"] and not mine.merged["a negation"]
    passed = no_worse and apart and mine.seconds < rival.seconds
    return SemHashBench(passed, len(everything), _THRESHOLD, mine, rival)


def _clocked(step: Callable[[], _Groups]) -> tuple[_Groups, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = step()
    return found, time.perf_counter() - wall, time.process_time() - cpu


def _group(vectors_ND: NDArray[np.float32], texts: list[str]) -> dict[int, int]:
    """The representative of every row that has a duplicate."""
    first = {row: group.representative for group in exact_groups(texts) for row in group.rows}
    pairs, _ = semantic_pairs(vectors_ND, texts, near_pairs([]), threshold=_THRESHOLD)
    alike = {
        row: group.representative
        for group in near_groups(pairs, len(texts), threshold=_THRESHOLD)
        for row in group.rows
    }  # fmt: skip
    return alike | {row: alike.get(head, head) for row, head in first.items()}


def _semhash_group(vectors_ND: NDArray[np.float32], texts: list[str]) -> _Groups:
    try:
        from semhash import SemHash
    except ModuleNotFoundError as error:
        msg = f"this part compares with SemHash, which is not installed ({error.name}): pip install 'curator[bench]'"
        raise RequestError(msg) from error
    records = [{"row": str(row), "text": text} for row, text in enumerate(texts)]
    made = SemHash.from_embeddings(vectors_ND, records, _NoEncoder(), columns=["text"])
    filtered = made.self_deduplicate(threshold=_THRESHOLD).filtered
    return {int(each.record["row"]): int(each.duplicate_of["row"]) for each in filtered}


class _NoEncoder:
    """Stands where SemHash wants a model: it groups the vectors that it was given, and so never asks for one."""

    def encode(self, inputs: object, **_: object) -> NDArray[np.float32]:
        msg = f"SemHash asked to encode a {type(inputs).__name__}, though it was given the vector of every record"
        raise AssertionError(msg)
