"""How wrong each class is, from the audit rows of a plan, where there are enough of them.

The class of a row is the label that is judged, so it is known for every row of the population. Within a stratum the
audited rows of a class are then a simple random sample of that class's rows (post-stratification; Cochran, *Sampling
Techniques*, 5A.9), and the certificate's own bound applies to the cells stratum x class. The estimate is Hájek's:
weighted errors over weighted reviews, each row weighing the inverse of its probability of being drawn.

Every interval holds by itself. Among twenty classes one is expected to miss: no statement about all of them at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from curator.certificates.bounds import StratumResult, error_bound
from curator.records import Bound, Column, FrameSchema
from curator.statistics import percent

_LEAST = 10
"""Reviews with a verdict below which a class gets no figure."""

JUDGED = FrameSchema(
    "a row of a class",
    (
        Column("class", pl.String, "the label that is judged"),
        Column("stratum", pl.String, "the row's stratum"),
        Column("audited", pl.Boolean, "whether it was drawn for the audit, or settled before the draw"),
        Column("wrong", pl.Boolean, "the verdict; null where there is none"),
    ),
)


@dataclass(frozen=True, slots=True)
class ClassError:
    """One class: its rows, its audit rows with a verdict, the wrong ones, and the bound, None where too few."""

    name: str
    rows: int
    reviews: int
    errors: int
    bound: Bound | None

    @property
    def words(self) -> str:
        """The figure for a person."""
        if self.bound is None:
            return f"too few: {self.reviews} reviews, {_LEAST} are needed"
        return f"{percent(self.bound.estimate)} ({percent(self.bound.low)} to {percent(self.bound.high)})"


def by_class(rows: pl.DataFrame, *, confidence: float = 0.95) -> tuple[ClassError, ...]:
    """Estimate the error of each class, classes with the most rows first.

    Args:
        rows: The population, a row each: "class" (the label that is judged), "stratum", "audited" (drawn for the
            audit, or settled before the draw), "wrong" (the verdict; null where there is none, which counts as
            wrong above and as correct below).
        confidence: In (0, 1), of each class's interval by itself.

    Raises:
        DataError: A column is missing or of another type.
        RequestError: A confidence outside (0, 1).
    """
    drawn = JUDGED.check(rows).group_by("stratum").agg(weight=pl.len() / pl.col("audited").sum())
    parts = rows.join(drawn, on="stratum").partition_by("class", as_dict=True)
    classes = [_class(str(name), part, confidence) for (name,), part in parts.items()]
    return tuple(sorted(classes, key=lambda each: (-each.rows, each.name)))


def _class(name: str, part: pl.DataFrame, confidence: float) -> ClassError:
    judged = part.filter(pl.col("audited") & pl.col("wrong").is_not_null())
    errors = int(judged["wrong"].sum())
    bound = None
    if judged.height >= _LEAST:
        weighted = float((judged["weight"] * judged["wrong"]).sum()) / float(judged["weight"].sum())
        bound = _bound(_cells(part), weighted, confidence)
    return ClassError(name, part.height, judged.height, errors, bound)


def _cells(part: pl.DataFrame) -> list[StratumResult]:
    audited, wrong = pl.col("audited"), pl.col("wrong")
    cells = part.group_by("stratum").agg(
        size=pl.len(),
        reviewed=audited.sum(),
        errors=(audited & wrong.fill_null(False)).sum(),
        skipped=(audited & wrong.is_null()).sum(),
    )
    return [StratumResult(**row) for row in cells.rename({"stratum": "name"}).sort("name").iter_rows(named=True)]


def _bound(cells: Sequence[StratumResult], estimate: float, confidence: float) -> Bound:
    made = error_bound(cells, known_errors=0, known_rows=0, confidence=confidence)
    return Bound(
        estimate=min(max(estimate, made.low), made.high),
        low=made.low,
        high=made.high,
        upper_one_sided=made.upper_one_sided,
        confidence=made.confidence,
        reviews=made.reviews,
        population=made.population,
        method=f"Hájek estimate; post-stratified by class: {made.method}",
    )
