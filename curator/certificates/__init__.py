"""What a spot-check proves: bounds on the label error, the certificate and its wording.

The bounds are exact or simulated (decision 5); attempts spend confidence (decision 10).
"""

from curator.certificates.bounds import ErrorBounds, StratumResult, error_bound, error_bounds
from curator.certificates.by_class import ClassError, by_class
from curator.certificates.certify import (
    Certificate,
    certify,
    changed_since,
    class_rows,
    late_rows,
    released_rows,
    with_today,
)
from curator.certificates.confidence_sequence import may_stop, sequence_bound
from curator.certificates.confidence_spending import confidence_of, in_words, spent_in_words
from curator.certificates.judgement import judge, missed_before, spent_before, terms, terms_of, unused_draws
from curator.certificates.open_rows import due_rows
from curator.certificates.reviewer_error import RATES, MeasuredError, measured, sensitivities
from curator.certificates.spot_check import ReviewProgress, SpotCheck, SpotChecks
from curator.certificates.statement import CertificateFacts, Reviewer, document
from curator.certificates.stopping import LiveAnswer, live_answer

__all__ = [
    "RATES",
    "Certificate",
    "CertificateFacts",
    "ClassError",
    "ErrorBounds",
    "LiveAnswer",
    "MeasuredError",
    "ReviewProgress",
    "Reviewer",
    "SpotCheck",
    "SpotChecks",
    "StratumResult",
    "by_class",
    "certify",
    "changed_since",
    "class_rows",
    "confidence_of",
    "document",
    "due_rows",
    "error_bound",
    "error_bounds",
    "in_words",
    "judge",
    "late_rows",
    "live_answer",
    "may_stop",
    "measured",
    "missed_before",
    "released_rows",
    "sensitivities",
    "sequence_bound",
    "spent_before",
    "spent_in_words",
    "terms",
    "terms_of",
    "unused_draws",
    "with_today",
]
