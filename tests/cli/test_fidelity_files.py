"""Small files that people have, through the command line: each row comes in as it is, or its place and reason are told.

The app's first look (`pipelines.intake.preview`) must say the same as the ingest.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.intake.preview import preview, propose_labels
from pipelines.runtime.settings import load
from storage.dataset import changes, examples, labels
from tests.cli.command import Answer, Curator
from tests.places import CASES

FILES = CASES / "fidelity"
pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason="the small files are not beside the checkout")


@dataclass(frozen=True, slots=True)
class Shelf:
    """A project with one dataset, and what is in it."""

    curator: Curator
    folder: Path

    def take(self, name: str | Path, *more: str) -> Answer:
        return self.curator("ingest", FILES / name, "--source", "teacher", *more)

    def ok(self, name: str | Path, *more: str) -> dict[str, Any]:
        answer = self.take(name, *more)
        assert answer.code == 0, answer.out + answer.err
        report: dict[str, Any] = answer.json
        return report

    @property
    def rows(self) -> pl.DataFrame:
        return examples.frame(load(self.curator.project).store, "d")

    @property
    def values(self) -> list[tuple[str, str, str]]:
        made = labels.frame(load(self.curator.project).store, "d")
        named = dict(self.rows.select("example_id", "external_id").iter_rows())
        return [(named[e], by, v) for e, by, v in made.select("example_id", "labeler", "value").iter_rows()]

    def write(self, name: str, rows: list[dict[str, Any]]) -> Path:
        path = self.folder / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path


Make = Callable[..., Shelf]


@pytest.fixture
def shelf(tmp_path: Path) -> Make:
    def make(kind: str = "text", labels: str = "") -> Shelf:
        curator = Curator(tmp_path / "project")
        curator.ok("init")
        (tmp_path / "task.toml").write_text(f'name = "d"\nkind = "{kind}"\nrubric = "x"\n{labels}')
        curator.ok("dataset", "create", "d", "--task", tmp_path / "task.toml")
        return Shelf(curator, tmp_path)

    return make


def classes(*names: str) -> str:
    return f"labels = {json.dumps([*names, 'other'])}\n"


def said(report: dict[str, Any], words: str) -> bool:
    return any(words in note for note in report["notes"])


# Identities of annotators


def test_annotator_zero_is_an_annotator_also_beside_a_labeler(shelf: Make) -> None:
    made = shelf("classification", classes("pos", "neg"))
    made.ok("05-annotator-zero.jsonl", "--map", "labeler=annotator", "--labeler", "gpt")
    assert {by for _, by, _ in made.values} == {"0", "1", "2"}


def test_no_annotator_is_nobody(shelf: Make) -> None:
    made = shelf("classification", classes("pos", "neg"))
    made.ok("05-annotator-zero-and-none.jsonl", "--map", "labeler=annotator", "--labeler", "gpt")
    assert made.values == [("1", "0", "pos"), ("1", "gpt", "neg"), ("2", "0", "pos"), ("2", "false", "pos")]


# JSON


@pytest.mark.parametrize(
    ("name", "good", "reason", "place"),
    [
        ("07-array-one-nan.json", 5, "malformed_json", "item 6, on line 7: NaN is no JSON value"),
        ("08-array-cut-off.json", 6, "cut_off", "ends on line 1 inside item 7"),
        ("08-array-lone-surrogate.json", 6, "malformed_json", "item 7, on line 1: a \\u escape is half of a character"),
    ],
)
def test_a_list_loses_its_bad_item_alone(shelf: Make, name: str, good: int, reason: str, place: str) -> None:
    made = shelf("classification", classes("a"))
    report = made.ok(name)
    assert (report["added"], report["by_reason"]) == (good, {reason: 1})
    assert place in report["first"][reason]
    assert any(place in note for note in preview(FILES / name).notes)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("08-array-trailing-comma.json", "a comma stands before the closing bracket"),
        ("08-wrapped-data.json", 'read as the list under "data"'),
        ("08-concatenated.jsonl", ""),
        ("08-utf16.csv", "read as UTF-16"),
        ("08-sep-line-excel.csv", "its first line says that semicolons separate the columns"),
    ],
)
def test_the_seven_rows_come_in_from_every_form(shelf: Make, name: str, words: str) -> None:
    made = shelf("classification", classes("a"))
    report = made.ok(name)
    assert (report["added"], report["rejected"], report["labels_added"]) == (7, 0, 7)
    assert made.rows["text"].to_list()[1] == "row number basin"
    assert said(report, words)
    assert made.ok(name)["unchanged"] == 7, "reading it again adds nothing"
    assert any(words in note for note in preview(FILES / name).notes)


def test_one_object_is_one_row(shelf: Make) -> None:
    made = shelf("classification", classes("a"))
    assert made.ok("08-one-object-pretty.json")["added"] == 1


def test_a_key_that_stands_twice_is_a_reject_in_ingest_and_an_error_in_validate(shelf: Make) -> None:
    made = shelf("classification", classes("a", "b"))
    answer = made.take("07-duplicate-keys.jsonl")
    assert (answer.code, answer.json["by_reason"]) == (1, {"duplicate_key": 3})
    found = made.curator("validate", FILES / "07-duplicate-keys.jsonl", "--format", "openai").json
    assert [p["line"] for p in found["problems"] if p["rule"] == "duplicate_key"] == [1, 2, 3]


def test_every_digit_of_ids_and_groups_stays(shelf: Make) -> None:
    made = shelf("classification", classes("a", "b"))
    report = made.ok("07-big-int-ids.jsonl")
    ids = made.rows["external_id"].to_list()
    assert ids[:3] == ["12345678901234567890123", "12345678901234567890124", "12345678901234567890125"]
    assert ids[3:5] == ["9007199254740993", "18446744073709551615"]
    assert ids[5:8] == ["18446744073709551616", "18446744073709551617", "-9223372036854775809"]
    assert report["by_reason"] == {"duplicate_id": 3} or len(set(ids)) == len(ids)


def test_groups_that_differ_in_the_last_digit_are_two_and_a_missing_one_is_none(shelf: Make) -> None:
    made = shelf("classification", classes("a"))
    made.ok("07-big-int-groups.jsonl")
    groups = made.rows["group"].to_list()
    assert groups[:2] == ["12345678901234567890123", "12345678901234567890124"]
    assert groups[2:] == ["1", "1", "true", "1", "nan", "0", "None", None]


def test_an_object_as_input_keeps_its_digits_and_its_order(shelf: Make) -> None:
    made = shelf("extraction")
    made.ok("20-object-input.jsonl")
    assert "9400110200881234567890" in made.rows["text"][0]
    assert made.rows["text"][0].index('"b"') < made.rows["text"][0].index('"a"')


def test_types_of_answers_stay_and_an_empty_one_is_said(shelf: Make) -> None:
    made = shelf()
    report = made.ok("20-typed-answers.jsonl", "--labeler", "gpt")
    assert {row: value for row, _, value in made.values} == {
        "1": "12", "2": "12.0", "3": "true", "4": "None", "6": '["a","b"]', "7": '{"b":1,"a":2}',
        "8": "9400110200881234567890", "10": "0", "11": "false",
    }  # fmt: skip
    assert said(
        report, "the answer is empty: the row comes in without one (2 rows, first 20-typed-answers.jsonl line 5)"
    )
    assert said(report, "the answer is the JSON value true: kept as that text (1 rows")


def test_an_empty_answer_of_alpaca_is_said(shelf: Make) -> None:
    made = shelf()
    rows = [{"instruction": f"do {n}", "input": f"text {n}", "output": "" if n % 4 == 0 else "x"} for n in range(8)]
    report = made.ok(made.write("alpaca.jsonl", rows))
    assert (report["added"], report["labels_added"], report["rejected"]) == (8, 6, 0)
    assert said(report, "the answer is empty: the row comes in without one (2 rows, first alpaca.jsonl line 1)")


# CSV


def test_a_file_in_another_encoding_is_refused_in_a_sentence_and_read_when_it_is_named(shelf: Make) -> None:
    made = shelf("classification", classes("a"))
    answer = made.take("08-cp1252.csv")
    assert answer.code == 2
    assert "is not UTF-8: byte 0xE9 on line 2" in answer.err + answer.out
    assert "--encoding cp1252" in answer.err + answer.out
    report = made.ok("08-cp1252.csv", "--encoding", "cp1252")
    assert made.rows["text"][0] == "café row number amber"
    assert said(report, "read as CP1252")
    assert preview(FILES / "08-cp1252.csv", encoding="cp1252").rows[0]["text"] == "café row number amber"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("09-empty-key.jsonl", {"": "number"}),
        ("09-two-unnamed.csv", {"column 1": "text", "column 2": "text"}),
        ("09-trailing-unnamed-ratio.csv", {"column 4": "text"}),
        ("09-unnamed-dates.tsv", {"column 1": "text"}),
    ],
)
def test_a_column_without_a_name_is_no_field_and_is_kept(shelf: Make, name: str, kept: dict[str, str]) -> None:
    made = shelf("classification", classes("a", "b"))
    report = made.ok(name, "--labeler", "gpt")
    assert report["metadata"] == {name: kept}
    assert said(report, "kept as metadata")
    rows = made.rows
    assert rows.select(pl.col("group", "occurred", "requested_split").is_null().all()).row(0) == (True,) * 3
    assert {by for _, by, _ in made.values} == {"gpt"}
    assert labels.frame(load(made.curator.project).store, "d")["confidence"].is_null().all()
    assert set(json.loads(rows["metadata"][0])) == set(kept)


def test_a_column_whose_name_has_commas_is_mapped(shelf: Make) -> None:
    name = "text, as the user wrote it, raw, unedited"
    made = shelf("classification", classes("a", "b"))
    for form in (f'input="{name}"', f"input={name},label=label", f'"input={name}",label=label,id=id'):
        made.ok("12-header-has-commas.csv", "--map", form)
        assert made.rows["text"].to_list() == ["hello there", "second text"]
    assert name in preview(FILES / "12-header-has-commas.csv").columns


def test_no_row_is_swallowed_by_a_quote(shelf: Make) -> None:
    made = shelf("classification", classes("a", "b"))
    report = made.ok("12-quotes-swallow-rows.csv")
    assert (report["added"], report["by_reason"]) == (3, {"malformed_csv": 1})
    assert "line 2: a quote is opened on line 2" in report["first"]["malformed_csv"]
    assert made.rows["external_id"].to_list() == ["2", "3", "4"]


def test_white_space_around_a_label_is_told_and_what_looks_alike_is_another_label(shelf: Make) -> None:
    made = shelf("classification", classes("refund"))
    report = made.ok("21-label-spaces.csv")
    assert [row for row, _, _ in made.values] == ["1", "2", "3", "10"]
    assert said(report, "white space around the label is no part of it (3 rows, first 21-label-spaces.csv line 3)")
    assert report["by_reason"] == {"unknown_label": 6}
    proposed = propose_labels(FILES / "21-label-spaces.csv", "label")
    assert dict(proposed.counts)["refund"] == 4, "the app counts what the ingest takes"


# Parquet


def test_bytes_are_text_or_a_reject_never_their_repr(shelf: Make) -> None:
    made = shelf("classification", classes("a", "b", "0"))
    answer = made.take("13-binary-text.parquet")
    assert (answer.code, answer.json["by_reason"]) == (1, {"invalid_utf8": 1})
    made.ok("27-binary-text.parquet")
    assert made.rows.select("external_id", "text").rows() == [("r1", "plain ascii text"), ("r2", "café text")]


def test_a_missing_group_is_missing(shelf: Make) -> None:
    made = shelf("classification", classes("0", "1"))
    made.ok("13-nan-group.parquet")
    assert made.rows["group"].to_list() == ["7", None, None, None]
    assert made.rows["external_id"].to_list()[:2] == ["1", "2"]


def test_nested_tool_calls_come_in_from_parquet(shelf: Make) -> None:
    made = shelf()
    assert made.ok("13-messages-struct.parquet")["added"] == 2
    assert json.loads(made.rows["messages"][0])[1] != json.loads(made.rows["messages"][1])[1]


# Which column is what


def test_the_last_turn_is_the_answer_and_category_is_metadata(shelf: Make) -> None:
    made = shelf()
    report = made.ok("03-messages-and-category.jsonl")
    assert [value for _, _, value in made.values] == ["4", "Lima", "cold"]
    assert report["metadata"] == {"03-messages-and-category.jsonl": {"category": "text"}}
    assert said(report, "the assistant's last turn is the answer, not category")
    found = preview(FILES / "03-messages-and-category.jsonl")
    assert ("label" not in found.mapping, found.answered) == (True, True)
    assert any("the assistant's last turn is the answer" in note for note in found.notes)


def test_a_label_beside_a_conversation_judges_it(shelf: Make) -> None:
    made = shelf("classification", classes("bad_reply", "good_reply"))
    made.ok("03-chat-log-classify.jsonl")
    assert [value for _, _, value in made.values] == ["bad_reply", "good_reply"]
    assert "sorry, we refund you" in made.rows["shown"][0]


def test_a_field_is_taken_by_name_where_it_is_said_and_can_be_switched_off(shelf: Make) -> None:
    made = shelf("classification", classes("a", "b"))
    report = made.ok("24-ab-group.jsonl", "--map", "group=")
    assert made.rows["group"].is_null().all()
    assert report["metadata"] == {"24-ab-group.jsonl": {"group": "text"}}
    assert said(report, "taken by the column's name: input=text, label=label, id=id; --map label= switches one off")
    again = made.ok("24-target-column.jsonl", "--map", "label=,id=")
    assert (again["labels_added"], again["mapping"]) == (0, {"24-target-column.jsonl": {"input": "text"}})


@pytest.mark.parametrize(
    "command", [("plan", "--dataset", "d"), ("plan", "--dataset", "d", "--purpose", "test"), ("release", "d")]
)
def test_groups_that_leave_no_test_rows_are_said_before_the_freeze(shelf: Make, command: tuple[str, ...]) -> None:
    made = shelf("classification", classes("a", "b"))
    made.ok("24-ab-group.jsonl")
    answer = made.curator(*command)
    assert answer.code == 3
    assert f"there would be no test rows: 2 groups hold {made.rows.height} of" in answer.json["error"]
    assert examples.ledger(load(made.curator.project).store, "d") == {}
    knowingly = made.curator("plan", "--dataset", "d", "--test-share", "0")
    assert (knowingly.code, knowingly.json["splits"]) == (0, {"train": made.rows.height})


def test_a_test_share_that_a_group_fits_tests_it(shelf: Make) -> None:
    made = shelf("classification", classes("a", "b"))
    made.ok("24-ab-group.jsonl")
    assert made.curator.ok("plan", "--dataset", "d", "--purpose", "test", "--test-share", "0.5")["splits"]["test"] > 0


def test_none_in_the_app_is_none(shelf: Make) -> None:
    """The app passes every field, None for those that are (none)."""
    made = shelf("classification", classes("a", "b"))
    off = "split=,group=,labeler=,confidence=,time=,tools="
    report = made.ok("24-app-none.jsonl", "--map", f"input=text,label=label,id=id,{off}", "--labeler", "gpt")
    assert report["mapping"]["24-app-none.jsonl"] == {"input": "text", "label": "label", "id": "id"}
    assert made.rows.select(pl.col("group", "requested_split").is_null().all()).row(0) == (True, True)
    assert {by for _, by, _ in made.values} == {"gpt"}


@pytest.mark.parametrize("name", ["24-confidence-percent.jsonl", "24-confidence-words.jsonl"])
def test_a_confidence_that_is_none_costs_the_confidence_alone(shelf: Make, name: str) -> None:
    made = shelf("classification", classes("a", "b"))
    report = made.ok(name)
    rows = len((FILES / name).read_text().splitlines())
    assert (report["added"], report["labels_added"], report["rejected"]) == (rows, rows, 0)
    assert said(
        report, f"the confidence is no number in 0..1: the row comes in without it ({rows} rows, first {name} line 1)"
    )


def test_a_file_of_which_nothing_fits_ends_with_one(shelf: Make) -> None:
    made = shelf("classification", classes("a"))
    answer = made.curator("ingest", made.write("bad.jsonl", [{"text": "t", "label": "zebra"}]))
    assert (answer.code, answer.json["by_reason"]) == (1, {"unknown_label": 1})


# A file read again with new facts


def test_new_facts_about_known_rows_are_recorded_changes(shelf: Make) -> None:
    made = shelf("classification", classes("a", "b"))
    rows = [{"id": n, "text": f"text {n}", "label": "ab"[n % 2]} for n in range(4)]
    made.ok(made.write("one.jsonl", rows), "--labeler", "gpt")
    richer = [
        {**r, "group": f"g{r['id'] // 2}", "time": "2026-01-02", "confidence": 0.25, "team": r["id"]} for r in rows
    ]
    report = made.ok(made.write("two.jsonl", richer), "--labeler", "gpt")
    assert (report["added"], report["unchanged"], report["changed"]) == (0, 0, 4)
    assert report["changes"] == {"confidence": 4, "group": 4, "metadata": 4, "time": 4}
    now = made.rows
    assert now["group"].to_list() == ["g0", "g0", "g1", "g1"]
    assert now["occurred"].to_list() == ["2026-01-02"] * 4
    assert [json.loads(m)["team"] for m in now["metadata"]] == [0, 1, 2, 3]
    assert set(labels.frame(load(made.curator.project).store, "d")["confidence"].to_list()[-4:]) == {0.25}
    again = made.ok(made.write("two.jsonl", richer), "--labeler", "gpt")
    assert (again["unchanged"], again["changed"], again["labels_added"]) == (4, 0, 0), "read twice, nothing is news"
    store = load(made.curator.project).store
    history = changes.history(store, "d")
    assert history.height == 12
    before = examples.frame(store, "d", as_of=int(history["seq"].min()) - 1)  # type: ignore[arg-type]
    assert before["group"].is_null().all(), "what was known then stays what it was"


def test_a_split_that_comes_later_is_taken_until_one_is_drawn_and_refused_after(shelf: Make) -> None:
    made = shelf("classification", classes("a", "b"))
    rows = [{"id": n, "text": f"a text about {'abcdefgh'[n]} number {n}", "label": "ab"[n % 2]} for n in range(8)]
    file = made.write("one.jsonl", rows)
    made.ok(file)
    report = made.ok(file, "--split", "test")
    assert report["changes"] == {"split": 8}
    assert made.rows["requested_split"].to_list() == ["test"] * 8
    store = load(made.curator.project).store
    first = made.rows["example_id"][0]
    examples.assign_splits(store, "d", {first: "test"}, "drawn")
    answer = made.take(file, "--split", "train")
    assert answer.json["by_reason"] == {"split_is_drawn": 1}
    assert "is in test since a split was drawn" in answer.json["first"]["split_is_drawn"]
    assert answer.json["changes"] == {"split": 7}


def test_one_file_that_says_two_things_about_a_row_is_told(shelf: Make) -> None:
    made = shelf("classification", classes("a", "b"))
    rows = [{"id": 1, "text": "t", "label": "a", "who": w, "group": g} for w, g in (("ana", "x"), ("ben", "y"))]
    answer = made.take(made.write("two.jsonl", rows), "--map", "labeler=who")
    assert answer.json["by_reason"] == {"two_facts": 1}
