"""What may count in a certificate, and what makes it void."""

import re
from typing import Any

import polars as pl
import pytest

from curator.certificates.certify import Certificate, certify, class_rows
from curator.errors import NotEnoughDataError

N, DRAWN = 100, 40


def row(example: str, **more: Any) -> dict[str, Any]:
    """A row as drawn and as it is today: the teacher's label `t`, unreviewed."""
    return {
        "example_id": example,
        "stratum": "all",
        "content_hash": "h",
        "teacher_value": "t",
        "drawn_value": "t",
        "content_hash_now": "h",
        "value": "t",
        "basis": "teacher",
        "out": None,
        "human_status": None,
        "human_value": None,
        **more,
    }


def agreed() -> dict[str, Any]:
    return {"human_status": "settled", "human_value": "t", "basis": "review"}


def corrected(to: str = "x") -> dict[str, Any]:
    return {"human_status": "settled", "human_value": to, "value": to, "basis": "review"}


def judge(
    changes: dict[str, dict[str, Any]] | None = None,
    *,
    late: list[dict[str, Any]] | None = None,
    drawn: int = DRAWN,
    target: float | None = None,
    reviewed: bool = True,
    **more: Any,
) -> Certificate:
    """A plan of `drawn` audit rows out of N, all agreed to unless changed."""
    made = []
    for n in range(N):
        base = agreed() if reviewed and n < drawn else {}
        made.append(row(f"e{n}", **{**base, **(changes or {}).get(f"e{n}", {})}))
    table = pl.DataFrame(made, infer_schema_length=None)
    rows = table.select("example_id", "stratum", "content_hash", "teacher_value", "drawn_value")
    today = pl.DataFrame([*made, *(late or [])], infer_schema_length=None)
    current = today.select(
        "example_id",
        pl.col("content_hash_now").alias("content_hash"),
        "value",
        "basis",
        pl.col("out").cast(pl.String),
        pl.col("human_status").cast(pl.String),
        pl.col("human_value").cast(pl.String),
    )
    return certify(
        plan="p",
        labeler="teacher",
        rows=rows,
        drawn=[f"e{n}" for n in range(drawn)],
        current=current,
        reviewers=["ana", "ben", "ana"],
        target=target,
        confidence=0.95,
        **more,
    )


def test_a_finished_plan_without_an_error_is_certified_with_the_exact_bound() -> None:
    found = judge(target=0.1)
    assert (found.status, found.errors_found, found.reviewers) == ("CERTIFIED", 0, ("ana", "ben"))
    assert found.teacher_error is not None
    assert found.shipped_error is not None
    assert found.teacher_error.reviews == DRAWN
    assert found.teacher_error.population == N
    assert found.shipped_error.upper_one_sided == found.teacher_error.upper_one_sided < 0.1


def test_a_bound_above_the_target_is_not_certified_and_says_both_numbers() -> None:
    found = judge(target=0.01)
    assert found.status == "UNCERTIFIED"
    assert "the target is 1.00 %" in found.why[0]


def test_a_bound_just_above_the_target_is_not_said_to_be_the_target() -> None:
    bound = judge().shipped_error
    assert bound is not None
    close = judge(target=bound.upper_one_sided - 1e-6)
    said, target = re.findall(r"[0-9.]+ %", close.why[0])[::2]
    assert close.status == "UNCERTIFIED"
    assert float(said[:-2]) / 100 >= bound.upper_one_sided > float(target[:-2]) / 100 - 5e-5


def test_a_plan_is_incomplete_until_its_last_row_is_reviewed() -> None:
    open_row = {"e3": {"human_status": None, "human_value": None, "basis": "teacher"}}
    found = judge(open_row)
    assert (found.status, found.unreviewed) == ("INCOMPLETE", 1)
    assert found.why == ("1 audit row is not reviewed yet: answer on the page Review, or by `curator review import`",)
    assert judge(reviewed=False).status == "INCOMPLETE"


@pytest.mark.parametrize("status", ["unsettled", "disputed"])
def test_a_blind_disagreement_or_a_dispute_keeps_the_plan_open(status: str) -> None:
    found = judge({"e3": {"human_status": status, "human_value": "x", "out": status, "basis": "teacher"}})
    assert (found.status, found.unsettled, found.errors_found) == ("INCOMPLETE", 1, 0)
    assert {"unsettled": "second look", "disputed": "last word"}[status] in found.why[0]


def test_errors_that_reviewers_fixed_lower_the_shipped_error_and_not_the_teachers() -> None:
    found = judge({"e1": corrected(), "e2": corrected()})
    assert (found.errors_found, found.errors_fixed) == (2, 2)
    assert found.teacher_error is not None
    assert found.shipped_error is not None
    assert found.teacher_error.estimate == pytest.approx(2 / DRAWN)
    assert found.shipped_error.upper_one_sided == pytest.approx(found.teacher_error.upper_one_sided - 2 / N)


def test_a_skip_counts_as_an_error_above_and_as_correct_below() -> None:
    clean, wrong = judge(), judge({"e1": corrected()})
    skipped = judge({"e1": {"human_status": "skipped", "human_value": None, "basis": "teacher"}})
    assert skipped.skipped == 1
    assert skipped.teacher_error is not None
    assert clean.teacher_error is not None
    assert wrong.teacher_error is not None
    assert skipped.teacher_error.upper_one_sided == wrong.teacher_error.upper_one_sided
    assert skipped.teacher_error.low == clean.teacher_error.low


def test_where_every_drawn_row_was_skipped_it_says_so() -> None:
    skipped = judge({f"e{n}": {"human_status": "skipped", "human_value": None} for n in range(DRAWN)})
    assert (skipped.status, skipped.why) == ("UNCERTIFIED", ("no drawn row has a verdict",))
    assert skipped.shipped_error is None


def test_an_error_found_in_a_risk_row_is_fixed_but_does_not_enter_the_estimate() -> None:
    clean, risky = judge(), judge({"e90": corrected()})
    assert (risky.errors_found, risky.errors_fixed) == (0, 1)
    assert risky.teacher_error == clean.teacher_error
    assert clean.shipped_error is not None
    assert risky.shipped_error is not None
    assert risky.shipped_error.upper_one_sided == pytest.approx(clean.shipped_error.upper_one_sided - 1 / N)


def test_a_row_that_came_later_voids_the_claim_about_the_release() -> None:
    found = judge(late=[row("new")])
    assert (found.status, found.late_rows) == ("UNCERTIFIED", 1)
    assert "came after this spot-check" in found.why[0]
    assert found.shipped_error is None, "a figure about some of the rows that ship is none about the release"
    assert found.teacher_error == judge().teacher_error
    assert judge(late=[row("new", **agreed())]).status == "CERTIFIED", "a late row that a person settled is known"
    assert judge(late=[row("new", out="excluded")]).status == "CERTIFIED"


def test_rows_set_by_a_group_decision_void_the_shipped_figure_until_a_fresh_sample() -> None:
    suggested = {f"e{n}": corrected("d") for n in range(3)}
    decided = {f"e{n}": {"value": "d", "basis": "decision"} for n in range(50, 60)}
    found = judge({**suggested, **decided})
    assert (found.status, found.shipped_error) == ("UNCERTIFIED", None)
    assert "10 released rows were set by a group decision" in found.why[0]
    assert found.teacher_error is not None, "what the teacher's labels were worth is still known"
    fresh = {f"e{n}": {"value": "d", "drawn_value": "d", "basis": "decision"} for n in range(50, 60)}
    assert judge(fresh).status == "CERTIFIED", "a plan drawn after the decision speaks of its labels"


def test_a_teacher_that_labels_again_voids_it_too() -> None:
    found = judge({"e70": {"value": "other"}})
    assert (found.status, found.shipped_error) == ("UNCERTIFIED", None)
    assert "relabelled by a teacher" in found.why[0]


def test_a_row_whose_text_changed_voids_it() -> None:
    found = judge({"e1": {"content_hash_now": "another"}})
    assert (found.status, found.shipped_error) == ("UNCERTIFIED", None)
    assert "have another text" in found.why[0]


def test_excluding_rows_shrinks_the_release_and_keeps_the_bound_on_the_number_of_errors() -> None:
    everything, fewer = judge(), judge({f"e{n}": {"out": "excluded"} for n in range(50, 90)})
    assert everything.shipped_error is not None
    assert fewer.shipped_error is not None
    assert fewer.shipped_error.population == 60
    assert fewer.shipped_error.upper_one_sided == pytest.approx(everything.shipped_error.upper_one_sided * N / 60)


def test_a_rejected_row_is_an_error_and_is_not_released() -> None:
    found = judge({"e1": {"human_status": "rejected", "human_value": None, "out": "rejected", "basis": "teacher"}})
    assert (found.errors_found, found.errors_fixed) == (1, 1)
    assert found.shipped_error is not None
    assert found.shipped_error.population == N - 1


def test_rows_settled_before_the_draw_enter_exactly() -> None:
    known = {
        f"e{n}": {"stratum": "known", "teacher_value": "old", "drawn_value": "t", **agreed()} for n in range(80, 100)
    }
    found = judge(known)
    assert found.teacher_error is not None
    assert found.shipped_error is not None
    assert found.teacher_error.low >= 20 / N, "all twenty labels of the teacher are known to be wrong"
    assert found.shipped_error.low == 0.0, "and people had put them right before the draw"
    assert found.teacher_error.population == N


@pytest.mark.parametrize("status", [None, "skipped", "disputed"])
def test_a_row_settled_before_the_draw_whose_verdict_was_taken_back_since_counts_as_wrong_above(
    status: str | None,
) -> None:
    known = {f"e{n}": {**agreed(), "stratum": "known"} for n in range(DRAWN, DRAWN + 20)}
    lost = known | {f"e{n}": {"stratum": "known", "human_status": status} for n in range(DRAWN, DRAWN + 5)}
    before, after = judge(known), judge(lost)
    for then, now in ((before.teacher_error, after.teacher_error), (before.shipped_error, after.shipped_error)):
        assert then is not None
        assert now is not None
        assert now.upper_one_sided == pytest.approx(then.upper_one_sided + 5 / N)
        assert (now.low, now.reviews) == (then.low, then.reviews)


def test_a_census_is_exact() -> None:
    found = judge({"e1": corrected()}, drawn=N)
    assert found.teacher_error is not None
    assert (found.teacher_error.low, found.teacher_error.high) == (0.01, 0.01)
    assert found.shipped_error is not None
    assert found.shipped_error.upper_one_sided == 0.0


def test_a_plan_without_rows_cannot_be_judged() -> None:
    empty = pl.DataFrame(schema=dict.fromkeys(("example_id", "stratum", "content_hash"), pl.String))
    with pytest.raises(NotEnoughDataError, match="drawn from no rows"):
        certify(plan="p", labeler="t", rows=empty, drawn=[], current=empty, reviewers=[], target=None, confidence=0.95)


def test_after_an_attempt_that_missed_the_next_is_judged_at_a_higher_confidence_and_says_so() -> None:
    first, second = judge(target=0.1), judge(target=0.1, missed=["plan_a"])
    assert (first.attempt, first.confidence, first.overall_confidence, first.missed) == (1, 0.95, 0.95, ())
    assert (second.attempt, second.confidence, second.missed) == (2, pytest.approx(0.975), ("plan_a",))
    assert second.overall_confidence == pytest.approx(0.925)
    assert first.shipped_error is not None
    assert second.shipped_error is not None
    assert second.shipped_error.confidence == second.confidence
    assert second.shipped_error.upper_one_sided > first.shipped_error.upper_one_sided
    assert second.why[-1].startswith("attempt 2: plan_a did not meet the target")
    assert "97.5 % instead of 95 %" in second.why[-1]
    assert len(first.why) == 1


def test_a_bound_that_passes_the_first_time_may_miss_the_second_time() -> None:
    bound = judge(target=0.1).shipped_error
    assert bound is not None
    assert judge(target=bound.upper_one_sided).meets
    assert not judge(target=bound.upper_one_sided, missed=["plan_a"]).meets


def test_a_plan_that_was_drawn_to_find_gives_figures_and_passes_no_target() -> None:
    found = judge(target=0.1, purpose="find")
    assert found.status == "UNCERTIFIED"
    assert "purpose certify" in found.why[0]
    assert found.shipped_error == judge(target=0.1).shipped_error
    assert judge(purpose="find").status == "CERTIFIED", "without a target there is nothing to pass"


def test_the_rows_by_class_know_what_was_drawn_and_what_people_said() -> None:
    table = pl.DataFrame(
        [
            {"example_id": "a", "stratum": "rest", "drawn_value": "x", "human_status": "settled", "human_value": "x"},
            {"example_id": "b", "stratum": "rest", "drawn_value": "x", "human_status": "settled", "human_value": "y"},
            {"example_id": "c", "stratum": "rest", "drawn_value": "y", "human_status": "skipped", "human_value": None},
            {"example_id": "d", "stratum": "rest", "drawn_value": "y", "human_status": "settled", "human_value": "x"},
            {"example_id": "e", "stratum": "known", "drawn_value": "y", "human_status": "settled", "human_value": "y"},
        ]
    ).with_columns(audited=pl.col("example_id").is_in(["a", "b", "c"]))
    made = class_rows(table)
    assert made["class"].to_list() == ["x", "x", "y", "y", "y"]
    assert made["audited"].to_list() == [True, True, True, False, True]
    assert made["wrong"].to_list() == [False, True, None, None, False], "a row that was not drawn tells nothing"
    undone = table.with_columns(human_status=pl.lit(None, pl.String), human_value=pl.lit(None, pl.String))
    assert class_rows(undone)["wrong"].to_list() == [None] * 5, "nor does a known row whose verdict was taken back"
