"""What a dataset is made of: clusters, balance, diversity, the map, selection, coverage of real traffic.

It describes and proposes; people decide.
"""

from curator.composition.balance import (
    MAX_RATIO,
    MAX_SHARE,
    MIN_LABEL_ROWS,
    Balance,
    CapPlan,
    balance,
    cap_plan,
    most_redundant,
    top_up,
)
from curator.composition.cluster_run import ClusterRun, ClusterSummary, NamedCluster
from curator.composition.clustering import ClusterResult, cluster
from curator.composition.diversity import DiversityReport, PlaybookRule, diversity_report
from curator.composition.learning_curve import CurveName, Estimate, LearningCurve, TrainingSet, learning_curve
from curator.composition.projection import METHOD, layout
from curator.composition.selection import select
from curator.composition.token_lengths import USUAL_LIMIT, TokenLengths, token_lengths
from curator.composition.traffic_coverage import MIN_REGION_ROWS, ReferenceCoverage, Region, lacking, reference_coverage

__all__ = [
    "MAX_RATIO",
    "MAX_SHARE",
    "METHOD",
    "MIN_LABEL_ROWS",
    "MIN_REGION_ROWS",
    "USUAL_LIMIT",
    "Balance",
    "CapPlan",
    "ClusterResult",
    "ClusterRun",
    "ClusterSummary",
    "CurveName",
    "DiversityReport",
    "Estimate",
    "LearningCurve",
    "NamedCluster",
    "PlaybookRule",
    "ReferenceCoverage",
    "Region",
    "TokenLengths",
    "TrainingSet",
    "balance",
    "cap_plan",
    "cluster",
    "diversity_report",
    "lacking",
    "layout",
    "learning_curve",
    "most_redundant",
    "reference_coverage",
    "select",
    "token_lengths",
    "top_up",
]
