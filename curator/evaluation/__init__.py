"""How contestants compare: metrics with intervals, paired tests, the verdict, cost.

All figures are about frozen, human-reviewed items.
"""

from curator.evaluation.by_kind import Executed, Measured, TakenFor, measure
from curator.evaluation.cost import DAYS_A_MONTH, Price, Usage, break_even, cost, sensitivity, usd
from curator.evaluation.forgetting import CategoryKept, Forgetting, Lost, compare_kept, forgetting_gate
from curator.evaluation.metrics import ClassMetrics, Metric, accuracy, latency, macro_f1, mean_score, per_class
from curator.evaluation.prompt_suite import PROMPT_CATEGORIES, SuitePrompt, parse_prompts, passes, suite_hash
from curator.evaluation.report import (
    ContestantComparison,
    ContestantKind,
    ContestantScore,
    EvalReport,
    Evaluation,
    WrongAnswer,
    read_report,
)
from curator.evaluation.rubric_test import RubricDifference, RubricScore, TriedRow, difference, score
from curator.evaluation.significance import PairedComparison, holm, paired_comparison
from curator.evaluation.slices import SliceScore, length_bands, score_slices, slice_gate
from curator.evaluation.timing import Targets, TimedAnswers, cost_each, cost_gate, latency_gate, quantile, timed
from curator.evaluation.verdict import (
    MINIMUM_ROWS,
    Recommendation,
    StudentCandidate,
    Verdict,
    VerdictGate,
    best_of_kind,
    decide,
    recommend,
)

__all__ = [
    "DAYS_A_MONTH",
    "MINIMUM_ROWS",
    "PROMPT_CATEGORIES",
    "CategoryKept",
    "ClassMetrics",
    "ContestantComparison",
    "ContestantKind",
    "ContestantScore",
    "EvalReport",
    "Evaluation",
    "Executed",
    "Forgetting",
    "Lost",
    "Measured",
    "Metric",
    "PairedComparison",
    "Price",
    "Recommendation",
    "RubricDifference",
    "RubricScore",
    "SliceScore",
    "StudentCandidate",
    "SuitePrompt",
    "TakenFor",
    "Targets",
    "TimedAnswers",
    "TriedRow",
    "Usage",
    "Verdict",
    "VerdictGate",
    "WrongAnswer",
    "accuracy",
    "best_of_kind",
    "break_even",
    "compare_kept",
    "cost",
    "cost_each",
    "cost_gate",
    "decide",
    "difference",
    "forgetting_gate",
    "holm",
    "latency",
    "latency_gate",
    "length_bands",
    "macro_f1",
    "mean_score",
    "measure",
    "paired_comparison",
    "parse_prompts",
    "passes",
    "per_class",
    "quantile",
    "read_report",
    "recommend",
    "score",
    "score_slices",
    "sensitivity",
    "slice_gate",
    "suite_hash",
    "timed",
    "usd",
]
