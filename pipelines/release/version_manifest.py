"""What a manifest says beside its rows: what left the others out, how far people agree, how rows were split."""

from dataclasses import dataclass

from curator.errors import NotEnoughDataError
from curator.records import Split, digest
from curator.release import Filters, ReleasedRow, filters
from curator.review import AgreementFigures, agreement_figures, effective_decisions, ratings
from pipelines import splits as splitting
from pipelines.release.version_content import VersionChoice, VersionContent
from storage.engine.store import Store
from storage.review import reviews
from storage.views import agreement as opinions


def filters_of(store: Store, choice: VersionChoice, content: VersionContent) -> Filters:
    """What left rows out, as of the choice's seq."""
    standing = effective_decisions(reviews.decisions(store, choice.dataset, as_of=choice.as_of_seq))
    return filters(content.left_out, sum(rows.height for rows in content.rows.values()), standing)


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """How a version's rows were split, as its manifest says it.

    Attributes:
        seed, test_share: What was asked for.
        detector, threshold: What makes two rows one group.
        components: Groups of rows that stay together.
        largest_component: Rows of the largest of them.
        straddling: Those whose given splits disagreed.
        validation_share: What was asked for.
        ledger_sha256: The hash over every row's split.
    """

    seed: int
    test_share: float
    detector: str
    threshold: float
    components: int
    largest_component: int
    straddling: int
    validation_share: float
    ledger_sha256: str


def agreement_of(store: Store, choice: VersionChoice) -> AgreementFigures | None:
    """How far people agreed as of the choice's seq; None where no two have answered about one row."""
    try:
        rated = ratings(opinions.ratings(store, choice.dataset, as_of=choice.as_of_seq))
        return agreement_figures(rated, seed=0)
    except NotEnoughDataError:
        return None


def released(content: VersionContent) -> dict[Split, list[ReleasedRow]]:
    """The rows of the version by split, in the order of its files."""
    columns = ("example_id", "external_id", "value")
    return {
        split: [ReleasedRow(*row) for row in rows.select(columns).iter_rows()] for split, rows in content.rows.items()
    }


def splits(choice: VersionChoice, content: VersionContent) -> SplitFacts:
    """How the rows were split."""
    return SplitFacts(
        seed=choice.seed,
        test_share=choice.test_share,
        detector=splitting.DETECTOR,
        threshold=splitting.NEAR_THRESHOLD,
        components=content.split.components,
        largest_component=content.split.largest,
        validation_share=choice.validation_share,
        straddling=content.split.straddling,
        ledger_sha256=digest(sorted(content.split.assignments.items())),
    )
