"""Which of two answers is better: comparisons drawn for people, and the preference pairs built from them.

A tie cannot be a pair.
"""

from curator.preferences.board_records import Choices, choices, comparisons_wanted, preference_form
from curator.preferences.comparisons import AnswerComparison, ComparisonAnswer, Side, chosen, compared, draw, preferred
from curator.preferences.pairs import Candidate, PairFinding, build_pairs, check_pairs

__all__ = [
    "AnswerComparison",
    "Candidate",
    "Choices",
    "ComparisonAnswer",
    "PairFinding",
    "Side",
    "build_pairs",
    "check_pairs",
    "choices",
    "chosen",
    "compared",
    "comparisons_wanted",
    "draw",
    "preference_form",
    "preferred",
]
