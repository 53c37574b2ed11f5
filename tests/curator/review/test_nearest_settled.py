from typing import Any

import numpy as np

from curator.review.nearest_settled import by_similarity, precedents


def said(example: str, value: str | None, **change: Any) -> dict[str, Any]:
    base = {"example_id": example, "content_hash": f"h-{example}", "reviewer": "ana", "verdict": "accept"}
    return {**base, "value": value, "blind": False, "stream": "risk", "proposed": "teacher's", **change}


def test_a_label_accepted_on_sight_may_echo_the_teacher_and_one_given_blind_or_against_it_does_not() -> None:
    found = precedents(
        [
            said("accepted", "teacher's"),
            said("blind", "teacher's", blind=True, stream="audit"),
            said("edited", "another", verdict="edit"),
            said("decided", "teacher's", adjudicates=True),
        ]
    )
    assert [(p.example_id, p.unaided) for p in found] == [
        ("accepted", False),
        ("blind", True),
        ("edited", True),
        ("decided", True),
    ]


def test_rows_that_are_disputed_rejected_skipped_unsettled_or_gold_are_no_precedents() -> None:
    found = precedents(
        [
            said("disputed", "a"),
            said("disputed", "b", reviewer="ben"),
            said("rejected", None, verdict="reject"),
            said("skipped", None, verdict="skip"),
            said("unsettled", "mine", blind=True, verdict="edit"),
            said("gold", "a", stream="gold", blind=True),
        ]
    )
    assert found == ()


def test_rows_come_nearest_first_and_equals_in_their_order() -> None:
    vectors_ND = np.array([[0, 1], [1, 0], [0.8, 0.6], [1, 0]], dtype=np.float32)
    rows_N, cosine_N = by_similarity(np.array([1, 0], dtype=np.float32), vectors_ND)
    assert rows_N.tolist() == [1, 3, 2, 0]
    assert np.allclose(cosine_N, [1, 1, 0.8, 0])
