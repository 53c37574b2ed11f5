"""Labels that are probably wrong: rows ranked by suspicion, and consistent mistakes as patterns.

Nothing here changes a label.
"""

from curator.label_errors.answers import suspect_answers
from curator.label_errors.calibration import CERTAIN, with_reviews
from curator.label_errors.models import (
    FOLDS,
    LOGISTIC,
    Views,
    logistic_log_probabilities,
    models,
    stratified_folds,
    views,
)
from curator.label_errors.outside import OutsideProbabilities, outside_probabilities
from curator.label_errors.patterns import Pattern, find_patterns
from curator.label_errors.ranking import NoiseResult, believed, first_pass, suspect, two_passes, with_confidence

__all__ = [
    "CERTAIN",
    "FOLDS",
    "LOGISTIC",
    "NoiseResult",
    "OutsideProbabilities",
    "Pattern",
    "Views",
    "believed",
    "find_patterns",
    "first_pass",
    "logistic_log_probabilities",
    "models",
    "outside_probabilities",
    "stratified_folds",
    "suspect",
    "suspect_answers",
    "two_passes",
    "views",
    "with_confidence",
    "with_reviews",
]
