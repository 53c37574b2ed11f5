"""What people said: which label stands, agreement, disputes, consensus, staffing.

Reviews are appended, the current label is resolved from them.
"""

from curator.review.adjudication import Dispute, disputes
from curator.review.agreement import AgreementReport, Coefficient, Ratings, agreement, ratings
from curator.review.agreement_figures import AgreementFigures, agreement_figures
from curator.review.anchoring import Anchoring, anchoring
from curator.review.board_records import (
    HASH_CHARS,
    Answers,
    Wanted,
    action_id,
    action_start,
    answers,
    changes,
    dataset_name,
    review_form,
    start_of,
    wanted,
)
from curator.review.consensus import by_model, compare, majority_vote
from curator.review.decision_request import DecisionRefused, DecisionRequest, read_decision_request
from curator.review.last_word import may_settle, newest_words, settled_alone
from curator.review.nearest_settled import by_similarity, precedents
from curator.review.resolution import (
    Standing,
    TakenDecision,
    current_labels,
    decisions_by_row,
    effective_decisions,
    excludes,
    human_outcome,
    in_force,
    standing_decisions,
)
from curator.review.reviewer_quality import Quality, reviewer_quality
from curator.review.split_truth import split_truth
from curator.review.spreading import spread
from curator.review.staffing import Staffing, gold_rows, share_of, with_gold

__all__ = [
    "HASH_CHARS",
    "AgreementFigures",
    "AgreementReport",
    "Anchoring",
    "Answers",
    "Coefficient",
    "DecisionRefused",
    "DecisionRequest",
    "Dispute",
    "Quality",
    "Ratings",
    "Staffing",
    "Standing",
    "TakenDecision",
    "Wanted",
    "action_id",
    "action_start",
    "agreement",
    "agreement_figures",
    "anchoring",
    "answers",
    "by_model",
    "by_similarity",
    "changes",
    "compare",
    "current_labels",
    "dataset_name",
    "decisions_by_row",
    "disputes",
    "effective_decisions",
    "excludes",
    "gold_rows",
    "human_outcome",
    "in_force",
    "majority_vote",
    "may_settle",
    "newest_words",
    "precedents",
    "ratings",
    "read_decision_request",
    "review_form",
    "reviewer_quality",
    "settled_alone",
    "share_of",
    "split_truth",
    "spread",
    "standing_decisions",
    "start_of",
    "wanted",
    "with_gold",
]
