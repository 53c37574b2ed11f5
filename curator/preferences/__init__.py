"""Which of two answers is better: comparisons drawn for people, and the preference pairs built from them.

A tie cannot be a pair.
"""

from curator.preferences.board_records import Choices, choices, comparisons_wanted, preference_form
from curator.preferences.comparisons import AnswerComparison, ComparisonAnswer, Side, chosen, compared, draw, preferred
from curator.preferences.pairs import SOURCE_VALUE, Candidate, PairFinding, build_pairs, check_pairs
from curator.preferences.tells import balanced_by_length, length_auc

__all__ = [
    "SOURCE_VALUE",
    "AnswerComparison",
    "Candidate",
    "Choices",
    "ComparisonAnswer",
    "PairFinding",
    "Side",
    "balanced_by_length",
    "build_pairs",
    "check_pairs",
    "choices",
    "chosen",
    "compared",
    "comparisons_wanted",
    "draw",
    "length_auc",
    "preference_form",
    "preferred",
]
