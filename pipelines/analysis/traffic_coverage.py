"""Coverage of a reference sample: what real traffic has that the rows to ship lack. The figure is stored."""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.composition import ReferenceCoverage, reference_coverage
from curator.errors import NotEnoughDataError
from curator.records import in_train
from pipelines.runtime import acting
from storage.checks import figures
from storage.dataset import datasets, vectors
from storage.engine.store import Store
from storage.views import current as views

COVERAGE = "coverage"


@dataclass(frozen=True, slots=True)
class CoverageConfig:
    """What to compare with what.

    Attributes:
        dataset: Whose rows would ship.
        encoder: Name of the encoder whose vectors are compared.
        revision: Its revision.
        reference: The dataset that holds the reference rows, labelled or not; this one unless told.
        source: Only its rows from this source; all unless told, and `production` within one dataset.
        seed: Of the samples.
    """

    dataset: str
    encoder: str
    revision: str
    reference: str | None = None
    source: str | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What was compared with what, and what came of it; the regions' examples are external ids."""

    dataset: str
    reference: str
    source: str | None
    encoder: str
    coverage: ReferenceCoverage


def run(config: CoverageConfig, store: Store) -> CoverageReport:
    """Compare the rows that would ship with a reference sample.

    Raises:
        NotEnoughDataError: Too few rows on a side, or rows without vectors.
    """
    acting.require("check")
    dataset, encoder, revision, reference, source, seed = (
        config.dataset,
        config.encoder,
        config.revision,
        config.reference,
        config.source,
        config.seed,
    )
    datasets.require(store, dataset)
    other = datasets.require(store, reference or dataset)
    wanted = source if source is not None or other != dataset else "production"
    ours = views.current(store, dataset)
    ours = ours.filter(pl.col("out").is_null() & in_train())
    theirs = views.current(store, other)
    theirs = theirs.filter((pl.col("out") != "excluded").fill_null(True))
    theirs = theirs.filter(~pl.col("example_id").is_in(ours["example_id"].to_list()))
    if wanted is not None:
        theirs = theirs.filter(pl.col("source") == wanted)
    if theirs.is_empty():
        msg = (
            f"there are no {wanted or 'reference'} rows in {other!r} beside the rows that would ship; ingest the logs "
            "as a dataset of their own (`curator ingest LOGS --dataset NAME --source production`, then "
            f"`curator embed --dataset NAME`) and name it: `curator coverage --dataset {dataset} --reference NAME`"
        )
        raise NotEnoughDataError(msg)
    as_of = store.seq()
    found = reference_coverage(
        _vectors(store, encoder, revision, dataset, ours),
        _vectors(store, encoder, revision, other, theirs),
        theirs["text"].to_list(),
        theirs["external_id"].to_list(),
        seed=seed,
    )
    report = CoverageReport(dataset, other, wanted, encoder, found)
    figures.add(store, dataset, COVERAGE, asdict(report), as_of_seq=as_of)
    return report


def _vectors(store: Store, encoder: str, revision: str, dataset: str, rows: pl.DataFrame) -> NDArray[np.float32]:
    try:
        return vectors.load(store, encoder, revision, rows["content_hash"].to_list())
    except NotEnoughDataError as error:
        msg = f"{error}: `curator embed --dataset {dataset}`" if rows.height else f"no row of {dataset!r} would ship"
        raise NotEnoughDataError(msg) from error
