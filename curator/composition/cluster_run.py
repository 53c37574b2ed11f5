"""What one clustering of a dataset's rows found, as it is kept and shown."""

from dataclasses import asdict, dataclass
from typing import Any

from curator.composition.diversity import DiversityReport


@dataclass(frozen=True, slots=True)
class NamedCluster:
    """One cluster.

    Attributes:
        cluster: Its number, from 0 for the largest.
        name: The words that set it apart.
        size: Rows in it.
        share: Of all rows that were clustered, 0..1.
        representatives: Example ids of the rows nearest its middle.
    """

    cluster: int
    name: str
    size: int
    share: float
    representatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClusterSummary:
    """The clusters of a run and what they say about the data.

    Attributes:
        rows: Rows that were clustered.
        clusters: Largest first.
        diversity: How evenly the rows cover them.
        layout: How the map's coordinates were made; None in a run of an older Curator, which drew two axes.
    """

    rows: int
    clusters: tuple[NamedCluster, ...]
    diversity: DiversityReport
    layout: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The summary as it is stored and printed."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ClusterRun:
    """A run as the store knows it.

    Attributes:
        run: Its id.
        encoder: Whose vectors were clustered.
        revision: The encoder's revision.
        seed: Of the clustering.
        as_of_seq: The state of the dataset.
        report: What was found.
    """

    run: str
    encoder: str
    revision: str
    seed: int
    as_of_seq: int
    report: ClusterSummary
