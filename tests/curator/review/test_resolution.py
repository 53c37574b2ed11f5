"""Which label a row has now, from everything that was ever said about it."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.review.resolution import CURRENT, current_labels, effective_decisions, human_outcome

REVIEW_SCHEMA = {
    "seq": pl.Int64,
    "example_id": pl.String,
    "reviewer": pl.String,
    "verdict": pl.String,
    "value": pl.String,
    "blind": pl.Boolean,
    "stream": pl.String,
    "proposed": pl.String,
    "overlap": pl.Int64,
}
DECISION_SCHEMA = {
    "seq": pl.Int64,
    "decision": pl.String,
    "action": pl.String,
    "value": pl.String,
    "example_id": pl.String,
}
LABEL_SCHEMA = {
    "seq": pl.Int64,
    "example_id": pl.String,
    "labeler": pl.String,
    "sample": pl.Int32,
    "value": pl.String,
}


def review(
    value: str | None,
    *,
    by: str = "ana",
    verdict: str | None = None,
    blind: bool = False,
    stream: str = "audit",
    proposed: str | None = "t",
    overlap: int = 1,
) -> dict[str, Any]:
    named = verdict or ("reject" if value is None else "accept" if value == proposed else "edit")
    return {
        "reviewer": by,
        "verdict": named,
        "value": value,
        "blind": blind,
        "stream": stream,
        "proposed": proposed,
        "overlap": overlap,
    }


def skip(by: str = "ana") -> dict[str, Any]:
    return review(None, by=by, verdict="skip")


def now(
    *,
    reviews: list[dict[str, Any]] = [],  # noqa: B006 - read only
    decisions: list[tuple[str, str | None]] = [],  # noqa: B006 - read only
    teacher: str | None = "t",
) -> dict[str, Any]:
    """The one row `e`, with these reviews and decisions in order."""
    labels = [(1, "e", "teacher", 0, teacher)] if teacher is not None else []
    made = [(n, f"d{n}", action, value, "e") for n, (action, value) in enumerate(decisions, start=10)]
    said = [{"seq": n, "example_id": "e", **r} for n, r in enumerate(reviews, start=100)]
    frame = current_labels(
        ["e"],
        labels=pl.DataFrame(labels, schema=LABEL_SCHEMA, orient="row"),
        reviews=pl.DataFrame(said, schema=REVIEW_SCHEMA),
        decisions=pl.DataFrame(made, schema=DECISION_SCHEMA, orient="row"),
        labeler="teacher",
    )
    assert frame.schema == pl.Schema(CURRENT.dtypes)
    return frame.row(0, named=True)


def test_each_voice_is_heard_before_the_weaker_ones() -> None:
    assert (now()["value"], now()["basis"]) == ("t", "teacher")
    decided = now(decisions=[("relabel", "d")])
    assert (decided["value"], decided["basis"], decided["decision_seq"]) == ("d", "decision", 10)
    reviewed = now(decisions=[("relabel", "d")], reviews=[review("r")])
    assert (reviewed["value"], reviewed["basis"]) == ("r", "review")
    final = now(
        decisions=[("relabel", "d")],
        reviews=[review("r"), review("s", by="ben"), review("a", by="cleo", stream="adjudication")],
    )
    assert (final["value"], final["basis"], final["out"]) == ("a", "adjudication", None)


def test_a_row_that_nobody_labelled_is_out() -> None:
    row = now(teacher=None)
    assert (row["value"], row["basis"], row["out"]) == (None, "none", "unlabelled")
    assert now(teacher=None, reviews=[review("x", proposed=None)])["out"] is None


def test_the_newest_first_answer_of_the_chosen_labeler_stands() -> None:
    labels = [
        (1, "e", "gpt", 0, "old"),
        (2, "e", "gpt", 0, "new"),
        (3, "e", "gpt", 1, "second draw"),
        (4, "e", "other", 0, "theirs"),
    ]
    frame = current_labels(
        ["e", "unlabelled"],
        labels=pl.DataFrame(labels, schema=LABEL_SCHEMA, orient="row"),
        reviews=pl.DataFrame(schema=REVIEW_SCHEMA),
        decisions=pl.DataFrame(schema=DECISION_SCHEMA),
        labeler="gpt",
    )
    assert frame["value"].to_list() == ["new", None]
    assert frame["example_id"].to_list() == ["e", "unlabelled"]


def test_people_who_differ_make_a_dispute_that_stays_out() -> None:
    row = now(reviews=[review("x"), review("y", by="ben")])
    assert (row["out"], row["human_status"], row["human_value"]) == ("disputed", "disputed", None)
    assert now(reviews=[review("x"), review(None, by="ben")])["out"] == "disputed"


def test_a_reviewer_may_think_again() -> None:
    assert now(reviews=[review("x"), review("y", by="ben"), review("x", by="ben")])["value"] == "x"


def test_a_rejected_row_stays_out_until_somebody_says_what_is_right() -> None:
    row = now(reviews=[review(None)])
    assert (row["out"], row["human_status"]) == ("rejected", "rejected")
    settled = now(reviews=[review(None), review("right", by="ben", stream="adjudication")])
    assert (settled["value"], settled["out"]) == ("right", None)


def test_an_adjudicator_may_reject_for_good() -> None:
    assert now(reviews=[review("x"), review(None, by="ben", stream="adjudication")])["out"] == "rejected"


def test_a_blind_disagreement_waits_for_a_second_look() -> None:
    first = review("x", blind=True)
    assert now(reviews=[first])["out"] == "unsettled"
    assert now(reviews=[first, review("x")])["value"] == "x"
    assert now(reviews=[first, review("x", by="ben", blind=True)])["value"] == "x"
    assert now(reviews=[first, review("t", by="ana")])["value"] == "t"


def test_the_same_person_still_blind_gives_no_second_look() -> None:
    assert now(reviews=[review("x", blind=True), review("x", blind=True)])["out"] == "unsettled"


def test_a_blind_agreement_settles_at_once() -> None:
    assert now(reviews=[review("t", blind=True)])["human_status"] == "settled"


def test_a_skip_says_nothing_and_takes_nothing_away() -> None:
    row = now(reviews=[skip()])
    assert (row["value"], row["basis"], row["out"], row["human_status"]) == ("t", "teacher", None, "skipped")
    assert now(reviews=[review("x"), skip("ben")])["value"] == "x"


def test_a_row_that_two_are_asked_about_counts_only_once_both_agree() -> None:
    def two(value: str | None, by: str, **more: Any) -> dict[str, Any]:
        return review(value, by=by, overlap=2, **more)

    assert now(reviews=[two("t", "ana")])["out"] == "unsettled"
    assert now(reviews=[two(None, "ana")])["out"] == "unsettled", "one rejection of two is no verdict yet"
    assert now(reviews=[two("t", "ana"), two("t", "ana")])["out"] == "unsettled", "the same person twice is one person"
    agreed = now(reviews=[two("t", "ana"), two("t", "ben")])
    assert (agreed["value"], agreed["basis"], agreed["out"]) == ("t", "review", None)
    assert now(reviews=[two("x", "ana", blind=True), two("x", "ben", blind=True)])["value"] == "x"
    assert now(reviews=[two("t", "ana"), two("x", "ben")])["out"] == "disputed"
    final = now(reviews=[two("t", "ana"), two("x", "ben"), review("x", by="cleo", stream="adjudication")])
    assert (final["value"], final["basis"]) == ("x", "adjudication")


def test_a_skip_beside_one_answer_is_no_agreement_and_skips_alone_are_a_skip() -> None:
    skips = [skip("ana") | {"overlap": 2}, skip("ben") | {"overlap": 2}]
    assert now(reviews=[review("t", by="ana", overlap=2), skips[1]])["out"] == "unsettled"
    assert now(reviews=skips[:1])["human_status"] == "unsettled"
    assert now(reviews=skips)["human_status"] == "skipped"
    three = [review("t", by="ana", overlap=3), review("t", by="ben", overlap=3), skip("cleo") | {"overlap": 3}]
    assert now(reviews=three[:2])["out"] == "unsettled"
    assert now(reviews=three)["human_status"] == "settled"


def test_an_answer_to_a_gold_card_says_nothing_about_the_row() -> None:
    wrong = review("x", by="ben", stream="gold")
    assert now(reviews=[wrong]) == now()
    assert now(reviews=[review("t"), wrong]) == now(reviews=[review("t")])


def test_excluding_and_keeping_do_not_touch_the_label() -> None:
    relabelled = ("relabel", "d")
    assert now(decisions=[("exclude", None)])["out"] == "excluded"
    assert now(decisions=[relabelled, ("exclude", None)])["out"] == "excluded"
    assert now(decisions=[("exclude", None), relabelled])["out"] == "excluded", "relabelling a group brings nobody back"
    kept = now(decisions=[relabelled, ("exclude", None), ("keep", None)])
    assert (kept["value"], kept["out"]) == ("d", None)


def test_merging_keeps_one_row_with_the_label_that_it_had() -> None:
    survivor = now(decisions=[("relabel", "d"), ("merge", "e")])
    assert (survivor["value"], survivor["out"]) == ("d", None)
    assert now(decisions=[("merge", "another")])["out"] == "excluded"


def test_even_a_reviewed_row_can_be_excluded() -> None:
    row = now(reviews=[review("x")], decisions=[("exclude", None)])
    assert (row["value"], row["out"]) == ("x", "excluded")


def test_an_undo_takes_back_the_newest_decision_in_force() -> None:
    assert now(decisions=[("relabel", "d"), ("undo", None)])["value"] == "t"
    assert now(decisions=[("relabel", "d"), ("exclude", None), ("undo", None)])["out"] is None
    assert now(decisions=[("relabel", "a"), ("relabel", "b"), ("undo", None)])["value"] == "a"
    assert now(decisions=[("undo", None), ("relabel", "b")])["value"] == "b"


@pytest.mark.parametrize("undos", [1, 2, 5])
def test_undoing_everything_is_as_if_nothing_had_been_decided(undos: int) -> None:
    decisions = [("relabel", "x"), ("exclude", None), ("keep", None), ("merge", "z"), ("relabel", "y")][:undos]
    assert now(decisions=[*decisions, *[("undo", None)] * undos]) == now()


ACTIONS = st.sampled_from(
    [("relabel", "x"), ("relabel", "y"), ("exclude", None), ("keep", None), ("merge", "z"), ("undo", None)]
)
REVIEWS = st.builds(
    review,
    st.sampled_from(["t", "x", "y", None]),
    by=st.sampled_from(["ana", "ben", "cleo"]),
    blind=st.booleans(),
    overlap=st.sampled_from([1, 1, 2, 3]),
)


@given(st.lists(ACTIONS, max_size=8))
def test_an_undo_right_after_a_decision_changes_nothing(decisions: list[tuple[str, str | None]]) -> None:
    frames = [
        pl.DataFrame(
            [(n, f"d{n}", action, value, "e") for n, (action, value) in enumerate(each)],
            schema=DECISION_SCHEMA,
            orient="row",
        )
        for each in (decisions, [*decisions, ("exclude", None), ("undo", None)])
    ]
    assert effective_decisions(frames[0]) == effective_decisions(frames[1])


@given(st.lists(REVIEWS, min_size=1, max_size=6))
def test_a_settled_value_is_one_that_somebody_said_and_nobody_denies(reviews: list[dict[str, Any]]) -> None:
    outcome = human_outcome(reviews)
    assert outcome is not None
    newest = {r["reviewer"]: r["value"] for r in reviews}
    if outcome.status == "settled":
        assert set(newest.values()) == {outcome.value}
        assert len(newest) >= max(r["overlap"] for r in reviews)
    if outcome.status == "disputed":
        assert len(set(newest.values())) > 1
    if outcome.status != "unsettled":
        assert (outcome.value is None) == (outcome.status in ("rejected", "disputed", "skipped"))


@given(st.lists(REVIEWS, max_size=5), st.lists(ACTIONS, max_size=5))
def test_a_row_that_may_be_released_has_a_label(
    reviews: list[dict[str, Any]], decisions: list[tuple[str, str | None]]
) -> None:
    row = now(reviews=reviews, decisions=decisions)
    assert row["out"] is not None or row["value"] is not None
    if row["human_status"] == "settled":
        assert row["value"] == row["human_value"]
