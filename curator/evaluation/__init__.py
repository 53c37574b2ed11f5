"""How contestants compare: metrics with intervals, paired tests, the verdict, cost.

All figures are about frozen, human-reviewed items.
"""

from curator.evaluation.cost import Price, Usage, break_even, cost
from curator.evaluation.metrics import Metric, accuracy, latency, macro_f1, per_class
from curator.evaluation.significance import holm, paired_comparison
from curator.evaluation.verdict import Candidate, decide, recommend

__all__ = [
    "Candidate",
    "Metric",
    "Price",
    "Usage",
    "accuracy",
    "break_even",
    "cost",
    "decide",
    "holm",
    "latency",
    "macro_f1",
    "paired_comparison",
    "per_class",
    "recommend",
]
