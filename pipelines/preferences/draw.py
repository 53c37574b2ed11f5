"""Comparisons of two sources' answers: which rows people are asked about. `pairs build` makes pairs of the answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from curator.errors import NotEnoughDataError, NotFoundError, RequestError
from curator.preferences import draw
from curator.records import short_id
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import datasets, labels
from storage.engine.store import Store
from storage.release import runs
from storage.review import comparisons
from storage.views import current as views


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """Whose answers people are to compare.

    Attributes:
        dataset: Whose rows.
        a: One source: a labeler, LABELER#K for its sample K, or run:RUN for a student.
        b: The other source.
        count: At most so many comparisons; all unless told.
        overlap: How many people answer each.
        seed: Of the draw.
        predicted: Source -> request key of a student's answers (see `pipelines.students.asking.answer`).
    """

    dataset: str
    a: str
    b: str
    count: int | None = None
    overlap: int = 1
    seed: int = 0
    predicted: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CompareReport:
    """What was drawn. `equal` and `missing` count rows that give no comparison."""

    batch: str
    dataset: str
    a: str
    b: str
    comparisons: int
    added: int
    equal: int
    missing: int


def run(config: CompareConfig, store: Store) -> CompareReport:
    """Draw the rows to which two sources gave different answers. The same request twice adds nothing.

    Raises:
        RequestError: Equal sources, or a number below 1.
        NotFoundError: A source that gave no answer.
        NotEnoughDataError: The sources differ nowhere.
    """
    dataset, a, b, count, overlap, seed, predicted = (
        config.dataset,
        config.a,
        config.b,
        config.count,
        config.overlap,
        config.seed,
        config.predicted,
    )
    acting.require("plan")
    if a == b or overlap < 1 or (count is not None and count < 1):
        msg = f"comparing {a!r} with {b!r}: expected two different sources, and --n and --overlap of at least 1"
        raise RequestError(msg)
    rows = views.current(store, datasets.require(store, dataset)).filter(pl.col("out").ne_missing("excluded"))
    first, second = (_answers(store, dataset, source, (predicted or {}).get(source)) for source in (a, b))
    drawn = draw(
        rows.select("example_id", "content_hash").iter_rows(named=True),
        first,
        second,
        dataset=dataset,
        a_source=a,
        b_source=b,
        count=count,
        seed=seed,
    )
    if not drawn.comparisons:
        msg = f"{a} and {b} differ nowhere: {drawn.equal} equal answers, {drawn.missing} rows lack one of the two"
        raise NotEnoughDataError(msg)
    batch = short_id("batch", [dataset, a, b, seed, [c.id for c in drawn.comparisons], overlap])
    told = audit.telling(actor=acting.actor(), action="compare", subject=batch, count=True, a=a, b=b)
    added = comparisons.add(store, batch, drawn.comparisons, overlap, told=told)
    return CompareReport(batch, dataset, a, b, len(drawn.comparisons), added, drawn.equal, drawn.missing)


def sources(dataset: str, store: Store) -> list[str]:
    """What can be compared without asking a model: each labeler, and its further samples as `LABELER#K`."""
    given = labels.frame(store, dataset).select("labeler", "sample").unique().sort("labeler", "sample")
    return [f"{who}#{sample}" if sample else who for who, sample in given.iter_rows()]


def _answers(store: Store, dataset: str, source: str, request_key: str | None) -> dict[str, str]:
    """Example id -> the newest answer of a source."""
    if request_key is not None:
        return dict(runs.predictions(store, request_key).select("example_id", "answer").iter_rows())
    known = sources(dataset, store)
    if source not in known:
        msg = f"no answers by {source!r} in dataset {dataset!r}; there are {', '.join(known) or 'none'}"
        raise NotFoundError(msg)
    numbered = re.fullmatch(r"(.+)#(\d+)", source)
    who, sample = (numbered[1], int(numbered[2])) if numbered else (source, 0)
    given = labels.frame(store, dataset, labeler=who).filter(pl.col("sample") == sample).sort("seq")
    return dict(given.select("example_id", "value").iter_rows())
