"""Comparisons on a review board: A and B by chance, and an answer counts only for what its record showed."""

from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st

from curator.ports import BoardEntry, BoardResponse
from curator.preferences import board_records as board


def row(**changed: Any) -> dict[str, Any]:
    made = {
        "comparison": "cmp_1",
        "batch": "batch_1",
        "example_id": "ex_1",
        "content_hash": "c" * 64,
        "text": "Which city?",
        "a": "Paris",
        "b": "London",
        "left_side": "b",
    }
    return made | changed


def response(value: str | None, status: Literal["submitted", "discarded", "draft"] = "submitted") -> BoardResponse:
    return BoardResponse("u1", "ana_x", status, value, None, "2026-11-21T10:00:00")


def entry(asked: dict[str, Any], *responses: BoardResponse, text: str | None = None) -> BoardEntry:
    (record,) = board.comparisons_wanted([asked], excluded=frozenset(), answered=frozenset()).records
    return BoardEntry(record.id, "h", record.text if text is None else text, record.fingerprint, responses)


def test_the_card_shows_the_answers_on_their_sides_and_never_where_they_come_from() -> None:
    asked = row(a_source="teacher", b_source="run:r1")
    (record,) = board.comparisons_wanted([asked], excluded=frozenset(), answered=frozenset()).records
    assert record.text.index("London") < record.text.index("Paris")
    assert record.suggestion is record.note is None
    assert "teacher" not in str(record)
    assert "r1" not in str(record)


def test_a_and_b_are_left_and_right_and_a_tie_stays_a_tie() -> None:
    answers = [response("A"), response("B"), response("tie"), response(None, "discarded")]
    said = [board.choices([entry(row(), a)], [row()], {"ana_x": "ana"}).chosen[0] for a in answers]
    assert [one.said for one in said] == ["left", "right", "tie", "skip"]
    assert {one.reviewer for one in said} == {"ana"}
    assert len({one.action_id for one in said}) == 4


def test_an_answer_to_another_text_or_other_sides_does_not_count() -> None:
    read = board.choices([entry(row(), response("A"), text="changed")], [row()], {})
    assert (read.chosen, read.left_out) == ((), {"changed_text": 1})
    turned = board.choices([entry(row(), response("A"))], [row(left_side="a")], {})
    assert (turned.chosen, turned.left_out) == ((), {"changed_text": 1})


def test_drafts_unknown_people_and_foreign_values_are_counted_and_left_out() -> None:
    nobody = BoardResponse("u2", None, "submitted", "A", None, "2026-11-21T10:00:00")
    read = board.choices([entry(row(), response("A", "draft"), nobody, response("C"))], [row()], {})
    assert read.chosen == ()
    assert read.left_out == {"draft": 1, "unknown_user": 1, "no_value": 1}
    assert len(read.withdrawn) == 1


def test_excluded_rows_leave_the_board_and_answered_ones_need_not_go_there() -> None:
    rows = [row(), row(comparison="cmp_2", example_id="ex_2"), row(comparison="cmp_3", example_id="ex_3")]
    made = board.comparisons_wanted(rows, excluded=frozenset({"ex_2"}), answered=frozenset({"cmp_3"}))
    assert [record.id.split(".")[0] for record in made.records] == ["cmp_1"]
    assert (made.gone, made.reviewed) == ({"cmp_2": "excluded"}, 1)


@given(st.sampled_from("ab"), st.sampled_from(["A", "B"]))
def test_what_is_chosen_on_the_board_is_the_answer_that_stood_there(left: str, value: str) -> None:
    asked = row(left_side=left)
    (one,) = board.choices([entry(asked, response(value))], [asked], {}).chosen
    first, second = ("Paris", "London") if left == "a" else ("London", "Paris")
    assert board.shown(asked).index(first) < board.shown(asked).index(second)
    assert one.said == ("left" if value == "A" else "right")
