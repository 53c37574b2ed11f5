"""How well the suspect ranking finds wrong labels, beside cleanlab, neighbours and chance, on the same vectors.

Four real sets, named before anything was measured on them: Banking77 (train), CLINC150 (train without
out-of-scope rows), the language lines of tinker_multilingual, and the questions of text2sql's advising set, each
labelled by its query. In each, labels are made wrong in seven ways, five times over.
"""

import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from curator.label_errors import Views, views
from curator.simulation import (
    OURS,
    OURS_CONFIDENCE,
    Found,
    Gap,
    confusable_noise,
    found_among,
    paired_gap,
    rankings,
    teacher_noise,
    uniform_noise,
)
from pipelines.bench import real_sets
from pipelines.bench.suspect_sets import SETS, texts_and_labels

NOISES = (
    "uniform 3 %",
    "uniform 10 %",
    "uniform 20 %",
    "confusable 3 %",
    "confusable 10 %",
    "confusable 20 %",
    "teacher",
)
QUICK_SETS = ("advising", "banking77")
QUICK_NOISES = ("uniform 10 %", "confusable 10 %", "teacher")
TEACHER_SHARE = 0.15
"""Share of each class's rows that the weak teacher saw; it knows words, not vectors."""
SEEDS, QUICK_SEEDS = 5, 2
CLEARLY = 0.005
"""Average precision by which another method must lead, with an interval that excludes zero, to be clearly better."""
SINGLES = ("cleanlab self-confidence", "cleanlab normalized margin", "neighbours alone", "random")
"""What ours is held against; "(pool)" is cleanlab's ranking of our own pooled probabilities, shown beside."""
_MEASURES = tuple(each.name for each in fields(Found))


@dataclass(frozen=True, slots=True)
class _Run:
    """One planted set to rank: which one, how it was planted, and where its rows and vectors are."""

    data: Path | None
    vectors: Path
    name: str
    noise: str
    seed: int
    quick: bool


@dataclass(frozen=True, slots=True)
class _Planted:
    """One planted set, ranked: the share of its labels that are wrong, and each method's figures."""

    error_rate: float
    methods: Mapping[str, Found]


@dataclass(frozen=True, slots=True)
class SuspectSetting:
    """One set under one kind of noise, the mean over the seeds.

    Attributes:
        set, noise: Which.
        error_rate: Share of the labels that are wrong, 0..1.
        methods: Figures by method.
        gaps: By how much ours leads each other method in average precision.
    """

    set: str
    noise: str
    error_rate: float
    methods: Mapping[str, Found]
    gaps: Mapping[str, Gap]


@dataclass(frozen=True, slots=True)
class ClearlyBelow:
    """Where a single method leads ours clearly: the gap and its interval."""

    set: str
    noise: str
    method: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SuspectsBench:
    """How well the ranking finds wrong labels.

    Attributes:
        quick, seeds: How much was tried.
        sets: Rows and classes of each set.
        cleanlab: The version that was compared with; None where it is not installed.
        cores, seconds: The machine, and how long it took.
        passed: Whether ours has the highest mean and nobody is clearly better anywhere.
        best_single: The best other method.
        mean: Figures by method over all settings.
        clearly_below: Where another method leads.
        settings: Each set under each kind of noise.
    """

    quick: bool
    seeds: int
    sets: Mapping[str, Mapping[str, int]]
    cleanlab: str | None
    cores: int | None
    seconds: float
    passed: bool
    best_single: str
    mean: Mapping[str, Found]
    clearly_below: tuple[ClearlyBelow, ...]
    settings: tuple[SuspectSetting, ...]
    part_seconds: float = 0.0


def run(
    data: Path | None,
    keep: Path,
    *,
    quick: bool = False,
    seed: int = 0,
    sets: Sequence[str] | None = None,
    workers: int | None = None,
) -> SuspectsBench:
    """Measure; passed where ours has the highest mean and no single method is clearly better anywhere.

    Args:
        data: The folder with the public sets.
        keep: A folder where vectors stay for another run.
        quick: A few classes of two sets, three kinds of noise, two seeds: to see that it works.
        seed: The first of the paired seeds.
        sets: Names out of `suspect_sets.SETS`; default all, in quick mode two.
        workers: Processes; default one for each core, in quick mode none.

    Raises:
        RequestError: There is no such set.
        NotFoundError: A set is not there.
    """
    started = time.perf_counter()
    chosen = list(sets or (QUICK_SETS if quick else SETS))
    noises, seeds = (QUICK_NOISES, QUICK_SEEDS) if quick else (NOISES, SEEDS)
    with tempfile.TemporaryDirectory(prefix="curator-bench-") as folder:
        facts = {name: _embed(data, keep, Path(folder), name, quick) for name in chosen}
        runs = [
            _Run(data, Path(folder), name, noise, each, quick)
            for name in chosen for each in range(seed, seed + seeds) for noise in noises
        ]  # fmt: skip
        measured = _all(runs, 0 if quick else workers or os.cpu_count() or 1)
    settings = _settings(runs, measured)
    methods = [method for method in settings[0].methods if method != OURS_CONFIDENCE]
    mean = {method: _mean([each.methods[method] for each in settings]) for method in methods}
    singles = [method for method in SINGLES if method in methods]
    beaten = tuple(
        ClearlyBelow(each.set, each.noise, method, gap.mean, gap.low, gap.high)
        for each in settings for method in singles
        if (gap := each.gaps[method]).mean < -CLEARLY and gap.high < 0
    )  # fmt: skip
    best = max(singles, key=lambda method: mean[method].average_precision)
    return SuspectsBench(
        quick=quick,
        seeds=seeds,
        sets=facts,
        cleanlab=_cleanlab_version(),
        cores=os.cpu_count(),
        seconds=time.perf_counter() - started,
        passed=mean[OURS].average_precision > mean[best].average_precision and not beaten,
        best_single=best,
        mean=mean,
        clearly_below=beaten,
        settings=settings,
    )


def _all(runs: Sequence[_Run], workers: int) -> list[_Planted]:
    measured: list[_Planted] = []
    started = time.perf_counter()

    def note(run: _Run, result: _Planted) -> None:
        measured.append(result)
        place = f"{len(measured)}/{len(runs)}, {time.perf_counter() - started:.0f} s"
        ours = result.methods[OURS].average_precision
        sys.stderr.write(f"{place}: {run.name}, {run.noise}, seed {run.seed}: average precision {ours:.3f}\n")

    if not workers:
        for each in runs:
            note(each, _measure(each))
        return measured
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=threadpool_limits, initargs=(1,)) as pool:
        for each, result in zip(runs, pool.map(_measure, runs), strict=True):
            note(each, result)
    return measured


def _embed(data: Path | None, keep: Path, folder: Path, name: str, quick: bool) -> dict[str, int]:
    texts, labels = texts_and_labels(name, data, quick)
    sys.stderr.write(f"{name}: {len(texts):,} rows, {len(set(labels))} classes; embedding them\n")
    np.save(folder / f"{name}.npy", real_sets.encoded(texts, keep))
    return {"rows": len(texts), "classes": len(set(labels))}


@lru_cache(maxsize=1)
def _prepared(data: Path | None, folder: Path, name: str, quick: bool) -> tuple[list[str], NDArray[np.int64], Views]:
    texts, labels = texts_and_labels(name, data, quick)
    y_N = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    return texts, y_N, views(np.load(folder / f"{name}.npy"), texts, seed=0)


def _measure(run: _Run) -> _Planted:
    """Plant one set's errors, rank the rows by each method, and judge (runs in a process of its own)."""
    texts, y_N, seen = _prepared(run.data, run.vectors, run.name, run.quick)
    classes, confidence_N = int(y_N.max()) + 1, None
    kind, _, rate = run.noise.partition(" ")
    if kind == "uniform":
        given_N = uniform_noise(y_N, classes, float(rate.split()[0]) / 100, run.seed)
    elif kind == "confusable" and seen.meaning_ND is not None:
        given_N = confusable_noise(y_N, seen.meaning_ND, classes, float(rate.split()[0]) / 100, run.seed)
    else:
        words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)).fit_transform(texts)
        given_N, confidence_N = teacher_noise(words, y_N, TEACHER_SHARE, run.seed)
    scores, probability = rankings(seen, given_N, classes, run.seed, confidence_N)
    scores |= _cleanlab(given_N, probability)
    wrong_N = given_N != y_N
    return _Planted(float(wrong_N.mean()), {name: found_among(wrong_N, score_N) for name, score_N in scores.items()})


def _cleanlab_version() -> str | None:
    try:
        return version("cleanlab")
    except PackageNotFoundError:
        return None


def _cleanlab(
    given_N: NDArray[np.int64], probability: dict[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    if _cleanlab_version() is None:
        return {}
    from cleanlab.rank import get_label_quality_scores

    return {
        f"cleanlab {method.replace('self_', 'self-').replace('_', ' ')}{'' if of == 'logistic' else ' (pool)'}":
            -get_label_quality_scores(given_N, p_NC, method=method)
        for of, p_NC in probability.items() for method in ("self_confidence", "normalized_margin")
    }  # fmt: skip


def _settings(runs: Sequence[_Run], measured: Sequence[_Planted]) -> tuple[SuspectSetting, ...]:
    by_setting: dict[tuple[str, str], list[_Planted]] = {}
    for each, result in zip(runs, measured, strict=True):
        by_setting.setdefault((each.name, each.noise), []).append(result)
    return tuple(_setting(name, noise, results) for (name, noise), results in by_setting.items())


def _setting(name: str, noise: str, results: Sequence[_Planted]) -> SuspectSetting:
    methods = list(results[0].methods)
    by_seed = {m: [r.methods[m].average_precision for r in results] for m in methods}
    return SuspectSetting(
        set=name,
        noise=noise,
        error_rate=float(np.mean([r.error_rate for r in results])),
        methods={m: _mean([r.methods[m] for r in results]) for m in methods},
        gaps={m: paired_gap(by_seed[OURS], by_seed[m]) for m in methods if m != OURS},
    )


def _mean(found: Sequence[Found]) -> Found:
    return Found(*(float(np.mean([getattr(each, measure) for each in found])) for measure in _MEASURES))


def lines(part: SuspectsBench) -> list[str]:
    """The part's report for a person: two tables (Markdown) and what else there is to say."""
    ours, sure = OURS, OURS_CONFIDENCE
    shown = [m for m in (ours, *SINGLES[:-1]) if m in part.mean]
    said = [f"{part.seeds} seeds, {part.cores} cores, {part.seconds:.0f} s"]
    if part.cleanlab is None:
        said.append("cleanlab is not installed (the extra `bench` brings it), so it is not compared")
    said += [f"clearly below {b.method}: {b.set}, {b.noise} ({b.mean:+.3f})" for b in part.clearly_below]
    table = [_row(["set", "noise", "wrong", *shown, "ours less the best single (95 % interval)"])]
    table.append("|" + "---|" * (len(shown) + 4))
    for each in part.settings:
        best = max((m for m in shown if m != ours), key=lambda m: each.methods[m].average_precision)
        gap = each.gaps[best]
        scores = [f"{each.methods[m].average_precision:.3f}" for m in shown]
        table.append(_row([each.set, each.noise, f"{each.error_rate:.1%}", *scores,
                           f"{gap.mean:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"]))  # fmt: skip
    means = [
        _row(["mean of all settings", *(m.replace("_", " ") for m in _MEASURES)]),
        "|" + "---|" * (len(_MEASURES) + 1),
    ]
    means += [_row([m, *(f"{getattr(values, k):.3f}" for k in _MEASURES)]) for m, values in part.mean.items()]
    known = [
        f"with the teacher's confidence, {each.set}: {each.methods[ours].average_precision:.3f} to "
        f"{each.methods[sure].average_precision:.3f}"
        for each in part.settings
        if sure in each.methods
    ]
    return [*said, "", "Average precision:", "", *table, "", *means, "", *known]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
