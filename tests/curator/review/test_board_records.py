from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.ports import BoardEntry, BoardRecord, BoardResponse
from curator.records import make_task
from curator.review import board_records as board

TASK = make_task({"name": "intent", "labels": {"refund": "money", "delivery": "parcel"}, "rubric": "What is wanted?"})
Status = Literal["submitted", "discarded", "draft"]


def row(task: str = "t_1", **changed: Any) -> dict[str, Any]:
    made = {
        "task": task,
        "plan": "plan_1",
        "example_id": f"ex_{task}",
        "stream": "audit",
        "stratum": "top 5 %",
        "blind": True,
        "content_hash": "a" * 64,
        "proposed": "refund",
        "why": "drawn by chance",
        "text": "where is my money",
    }
    return made | changed


def said(task: str, value: str | None, *, by: str = "ana", action: str = "board:x", **changed: Any) -> dict[str, Any]:
    made = {
        "task": task,
        "example_id": f"ex_{task}",
        "reviewer": by,
        "verdict": "skip" if value is None else "edit",
        "value": value,
        "blind": True,
        "stream": "audit",
        "proposed": "refund",
        "action_id": action,
    }
    return made | changed


def want(
    *rows: dict[str, Any],
    reviews: tuple[dict[str, Any], ...] = (),
    excluded: frozenset[str] = frozenset(),
    on_board: frozenset[str] = frozenset(),
    overlap: int = 1,
) -> board.Wanted:
    return board.wanted(
        rows,
        reviews,
        excluded=excluded,
        on_board=on_board,
        confidence={"ex_t_1": 0.75},
        agent="gpt é 5",
        overlap=overlap,
    )


def response(
    value: str | None, status: Status = "submitted", *, user: str | None = "ana_k", at: str = "1"
) -> BoardResponse:
    return BoardResponse(f"id of {user}", user, status, value, None, at)


def entry(of: dict[str, Any], *responses: BoardResponse, look: int = 1, **changed: Any) -> BoardEntry:
    made: dict[str, Any] = {"id": board.record_id(of, look), "handle": "h", "text": of["text"], "fingerprint": "f"}
    return BoardEntry(**(made | changed), responses=responses)


def read(entries: list[BoardEntry], *rows: dict[str, Any], task: Any = TASK) -> board.Answers:
    return board.answers(entries, rows, task, {"ana_k": "ana"})


def test_a_blind_card_shows_nothing_of_the_label_or_its_risk() -> None:
    (card,) = want(row()).records
    shown = repr(card)
    assert card.suggestion is None
    assert card.score is None
    assert card.note is None
    assert "refund" not in shown
    assert "top 5 %" not in shown


def test_an_open_card_carries_suggestion_score_agent_and_stratum() -> None:
    (card,) = want(row(blind=False, stream="risk")).records
    assert (card.suggestion, card.score, card.agent) == ("refund", 0.75, "gpt - 5")
    assert card.metadata["stratum"] == "top 5 %"
    assert card.metadata["stream"] == "risk"


def test_another_text_under_the_same_task_has_another_id() -> None:
    assert board.record_id(row(), 1) != board.record_id(row(content_hash="b" * 64), 1)


def test_a_blind_disagreement_comes_back_as_an_open_second_look() -> None:
    made = want(row(), reviews=(said("t_1", "delivery"),))
    (card,) = made.records
    assert card.id.endswith(".2")
    assert card.suggestion == "refund"
    assert card.note is not None
    assert "'delivery'" in card.note
    assert made.second_looks == 1


def test_a_second_look_waits_until_the_overlap_has_answered_blind() -> None:
    made = want(row(), reviews=(said("t_1", "delivery"),), overlap=2)
    assert [c.id[-2:] for c in made.records] == [".1"]


@pytest.mark.parametrize(
    ("reviews", "excluded", "why"),
    [
        ((), frozenset({"ex_t_1"}), "excluded"),
        ((said("t_1", "refund", stream="adjudication"),), frozenset(), "adjudicated"),
        ((said("t_1", "refund", action="native"),), frozenset(), "reviewed_elsewhere"),
    ],
)
def test_tasks_that_are_done_with_are_taken_out(
    reviews: tuple[dict[str, Any], ...], excluded: frozenset[str], why: str
) -> None:
    made = want(row(stream="risk"), reviews=reviews, excluded=excluded)
    assert made.records == ()
    assert made.gone == {"t_1": why}


def test_a_drawn_row_that_was_left_out_since_still_waits_for_its_verdict() -> None:
    made = want(row(stream="audit"), excluded=frozenset({"ex_t_1"}))
    assert (len(made.records), made.gone) == (1, {})


def test_a_reviewed_task_is_not_sent_again_but_stays_where_it_is() -> None:
    agreed = (said("t_1", "refund"),)
    assert want(row(), reviews=agreed).records == ()
    there = frozenset({board.record_id(row(), 1)})
    assert len(want(row(), reviews=agreed, on_board=there).records) == 1


def test_the_same_state_changes_nothing() -> None:
    made = want(row(), row("t_2", blind=False))
    there = [BoardEntry(c.id, "h", c.text, c.fingerprint, ()) for c in made.records]
    found = board.changes(made, there, frozenset())
    assert (found.push, found.replace, found.remove, found.unchanged) == ((), (), (), 2)


def test_an_answer_that_nobody_pulled_keeps_its_card_on_the_board() -> None:
    done = want(row(), reviews=(said("t_1", "refund", action="native"),))
    answered = entry(row(), response("refund"))
    action = read([answered], row()).records[0]["action_id"]
    assert board.changes(done, [answered], frozenset()).unpulled == (answered,)
    assert board.changes(done, [answered], frozenset({action})).remove == (answered,)


def test_a_card_with_another_text_is_replaced_and_never_just_updated() -> None:
    made = want(row())
    other = entry(row(), response("delivery"), text="something else")
    found = board.changes(made, [other], frozenset())
    assert found.replace == (other,)
    assert [c.id for c in found.push] == [other.id]


def test_answers_become_accept_edit_and_skip() -> None:
    rows = [row("t_1"), row("t_2"), row("t_3")]
    answers = (response("refund", at="3"), response("delivery", at="2"), response(None, "discarded", at="1"))
    made = read([entry(r, a) for r, a in zip(rows, answers, strict=True)], *rows)
    assert [(r["task_id"], r["verdict"], r["value"]) for r in made.records] == [
        ("t_3", "skip", None),
        ("t_2", "edit", "delivery"),
        ("t_1", "accept", "refund"),
    ]
    assert {r["reviewer"] for r in made.records} == {"ana"}


def test_a_first_look_is_as_blind_as_its_card_and_a_second_look_never_is() -> None:
    answer = response("delivery")
    made = read([entry(row(), answer), entry(row(), answer, look=2)], row())
    assert [r["blind"] for r in made.records] == [True, False]
    assert [r["blind"] for r in read([entry(row(blind=False), answer)], row(blind=False)).records] == [False]


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        (entry(row(), response("refund", "draft")), "draft"),
        (entry(row(), response("refund", user=None)), "unknown_user"),
        (entry(row(), response(None)), "no_value"),
        (entry(row(), response("refund"), text="other"), "changed_text"),
        (entry(row(content_hash="b" * 64), response("refund")), "changed_text"),
        (entry(row("t_9"), response("refund")), "unknown_task"),
        (entry(row(), response("refund"), id="made by hand"), "unknown_task"),
    ],
)
def test_what_does_not_count_is_counted_by_its_reason(card: BoardEntry, reason: str) -> None:
    made = read([card], row())
    assert made.records == ()
    assert made.left_out == {reason: 1}


def test_an_answer_taken_back_names_the_actions_it_undoes() -> None:
    before = read([entry(row(), response("refund", at="1"))], row()).records[0]["action_id"]
    after = read([entry(row(), response(None, "discarded", at="2"))], row())
    ((start, moment),) = after.taken_back
    assert before.startswith(start)
    assert moment == "2"


def test_json_answers_are_compared_by_content() -> None:
    task = make_task({"name": "x", "kind": "extraction", "schema": '{"type": "object"}'})
    asked = row(proposed='{"a":1,"b":2}', blind=False)
    made = read([entry(asked, response('{ "b": 2,\n "a": 1 }'))], asked, task=task)
    assert [(r["verdict"], r["value"]) for r in made.records] == [("accept", '{"a":1,"b":2}')]


@given(st.lists(st.tuples(st.sampled_from(["refund", "delivery"]), st.sampled_from("abc"), st.integers(0, 5))))
def test_reading_twice_gives_the_same_actions_and_different_answers_differ(said_: list[tuple[str, str, int]]) -> None:
    answers = [response(value, user=user, at=str(at)) for value, user, at in said_]
    card = entry(row(), *answers)
    once, twice = read([card], row()), read([card], row())
    assert once == twice
    distinct = {(a.user, a.value, a.updated_at) for a in answers}
    assert len({r["action_id"] for r in once.records}) == len(distinct)


@given(st.text())
def test_a_board_name_is_one_that_argilla_takes(name: str) -> None:
    made = board.dataset_name(name, "plan_0123456789abcdef")
    assert len(made) <= 200
    assert all(c.isascii() and (c.isalnum() or c in "-_") for c in made)


def test_a_form_asks_for_a_label_or_for_text() -> None:
    assert board.review_form(TASK, "d", "p", 2).labels == {"refund": "money", "delivery": "parcel"}
    text = board.review_form(make_task({"name": "sum", "kind": "text", "rubric": ""}), "d", "p", 1)
    assert text.labels is None
    assert text.guidelines == "sum"


def test_the_fingerprint_follows_what_the_card_shows() -> None:
    first: BoardRecord = want(row(blind=False)).records[0]
    assert want(row(blind=False)).records[0].fingerprint == first.fingerprint
    assert want(row(blind=False, proposed="delivery")).records[0].fingerprint != first.fingerprint


def test_a_dispute_is_counted_and_asks_for_no_further_look() -> None:
    made = want(row(), reviews=(said("t_1", "delivery"), said("t_1", "refund", by="ben")))
    assert (made.records, made.disputed, made.second_looks) == ((), 1, 0)
