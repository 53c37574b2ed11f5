"""Part `semhash` of the suite `curation`: duplicates of meaning beside the library that is nearest to this."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curator.dedup import exact_groups, near_groups, near_pairs
from curator.errors import RequestError
from curator.semantic import semantic_pairs
from pipelines.bench.planted import APART, EXACT, NEAR, plant
from pipelines.bench.real_sets import encoded, load
from pipelines.bench.text_parts import with_twins

ROWS = 10_000
THRESHOLD = 0.9
"""SemHash's own default cosine, used for both."""
_Aside = tuple[set[int], set[tuple[int, int]]]


def against_semhash(data: Path | None, keep: Path, *, quick: bool, seed: int) -> dict[str, Any]:
    """Duplicates of meaning against SemHash, on the same vectors at the same cosine, with planted copies.

    A copy is found where it or its original is set aside as a duplicate (for both: the kindest count).
    """
    texts = load("clinc150", data).texts[: 500 if quick else ROWS]
    twins = plant(texts, (*EXACT, *NEAR, *APART), 30 if quick else 300, seed)
    everything, rows = with_twins(texts, twins)
    vectors_ND = encoded(everything, keep)
    ours, ours_s, ours_cpu_s = _clocked(lambda: _set_aside(vectors_ND, everything))
    theirs, theirs_s, theirs_cpu_s = _clocked(lambda: _semhash_sets_aside(vectors_ND, everything))
    report: dict[str, Any] = {"rows": len(everything), "threshold": THRESHOLD}
    for name, (aside, links), seconds, cpu in (
        ("curator", ours, ours_s, ours_cpu_s), ("semhash", theirs, theirs_s, theirs_cpu_s)
    ):  # fmt: skip
        report[name] = {"seconds": seconds, "cpu_seconds": cpu, "set_aside": len(aside), "recall": {}, "merged": {}}
        for kind in (*EXACT, *NEAR, *APART):
            both = [pair for twin, pair in zip(twins, rows, strict=True) if twin.kind == kind]
            if both and kind not in APART:
                report[name]["recall"][kind] = sum(bool(aside & set(pair)) for pair in both) / len(both)
            elif both:
                report[name]["merged"][kind] = sum(pair in links for pair in both)
    mine, rival = report["curator"], report["semhash"]
    no_worse = all(mine["recall"][kind] >= value for kind, value in rival["recall"].items())
    return {"passed": no_worse and mine["seconds"] < rival["seconds"] and not any(mine["merged"].values())} | report


def _clocked(step: Callable[[], _Aside]) -> tuple[_Aside, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = step()
    return found, time.perf_counter() - wall, time.process_time() - cpu


def _set_aside(vectors_ND: NDArray[np.float32], texts: list[str]) -> _Aside:
    """All rows of duplicate groups but the representatives; and the rows that share a group."""
    groups = exact_groups(texts)
    pairs, _ = semantic_pairs(vectors_ND, texts, near_pairs([]), threshold=THRESHOLD)
    groups += near_groups(pairs, len(texts), threshold=THRESHOLD)
    aside = {row for group in groups for row in group.rows if row != group.representative}
    links = {(a, b) for group in groups for a in group.rows for b in group.rows if a < b}
    return aside, links


def _semhash_sets_aside(vectors_ND: NDArray[np.float32], texts: list[str]) -> _Aside:
    try:
        from semhash import SemHash
    except ModuleNotFoundError as error:
        msg = f"this part compares with SemHash, which is not installed ({error.name}): pip install 'curator[bench]'"
        raise RequestError(msg) from error
    records = [{"row": str(row), "text": text} for row, text in enumerate(texts)]
    made = SemHash.from_embeddings(vectors_ND, records, _NoEncoder(), columns=["text"])
    filtered = made.self_deduplicate(threshold=THRESHOLD).filtered
    links = {(int(each.duplicate_of["row"]), int(each.record["row"])) for each in filtered}
    return {int(each.record["row"]) for each in filtered}, {(min(pair), max(pair)) for pair in links}


class _NoEncoder:
    def encode(self, inputs: object, **_: object) -> NDArray[np.float32]:
        msg = f"vectors are given; nothing is encoded here ({type(inputs).__name__})"
        raise NotImplementedError(msg)
