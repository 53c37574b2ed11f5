"""How contestants compare: metrics with intervals, paired tests, the verdict, cost.

All figures are about frozen, human-reviewed items.
"""

from curator.evaluation.cost import Price, Usage, break_even, cost
from curator.evaluation.metrics import Metric, accuracy, latency, macro_f1, per_class
from curator.evaluation.report import (
    ContestantComparison,
    ContestantScore,
    EvalReport,
    Evaluation,
    WrongAnswer,
    read_report,
)
from curator.evaluation.rubric_test import RubricDifference, RubricScore, TriedRow, difference, score
from curator.evaluation.significance import PairedComparison, holm, paired_comparison
from curator.evaluation.verdict import Recommendation, StudentCandidate, Verdict, best_of_kind, decide, recommend

__all__ = [
    "ContestantComparison",
    "ContestantScore",
    "EvalReport",
    "Evaluation",
    "Metric",
    "PairedComparison",
    "Price",
    "Recommendation",
    "RubricDifference",
    "RubricScore",
    "StudentCandidate",
    "TriedRow",
    "Usage",
    "Verdict",
    "WrongAnswer",
    "accuracy",
    "best_of_kind",
    "break_even",
    "cost",
    "decide",
    "difference",
    "holm",
    "latency",
    "macro_f1",
    "paired_comparison",
    "per_class",
    "read_report",
    "recommend",
    "score",
]
