"""Rows that say the same: exact, near, in meaning or by template; and what that means across labels and splits.

Contradictions and leaks are groups of like rows with unlike labels or splits.
"""

from curator.duplicates.contradictions import Contradiction, contradictions
from curator.duplicates.groups import Group, closed_groups, exact_groups, near_groups
from curator.duplicates.leaks import Leak, leaks
from curator.duplicates.lexical import NearPairs, differing_words, near_pairs
from curator.duplicates.semantic import MAX_ROWS, THRESHOLD, semantic_pairs
from curator.duplicates.templates import Repetition, repetition, shared_templates, template_forms

__all__ = [
    "MAX_ROWS",
    "THRESHOLD",
    "Contradiction",
    "Group",
    "Leak",
    "NearPairs",
    "Repetition",
    "closed_groups",
    "contradictions",
    "differing_words",
    "exact_groups",
    "leaks",
    "near_groups",
    "near_pairs",
    "repetition",
    "semantic_pairs",
    "shared_templates",
    "template_forms",
]
