"""An exported dataset is read again to equal rows, and what a file cannot hold is said."""

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.runtime.settings import load
from storage.views import current as views
from tests.cli.command import Curator, write_jsonl

TASK = 'name = "t"\nkind = "classification"\nrubric = "x"\nlabels = ["a", "b"]\n'
ROWS: list[dict[str, Any]] = [
    {"id": "007", "text": 'one "quoted", text\r\nover lines', "label": "a", "group": "g1", "time": "2026-01-02"},
    {"id": 2, "text": "two", "label": "b", "split": "test", "team": "blue", "size": 12345678901234567890123},
    {
        "id": "3",
        "text": " three = 3;\tü 🦜",
        "team": "",
        "size": 3,
        "score": 0.5,
        "on": True,
        "tags": ["x", None, {"y": 1}],
    },
    {"id": "4", "text": "four", "label": "a", "team": 'a, "b"\n', "score": 2, "on": False, "mixed": "1"},
    {"id": "5", "text": "five", "label": "b", "mixed": 1},
]
TALK: dict[str, Any] = {
    "id": "talk",
    "messages": [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Look it up"},
        {
            "role": "assistant",
            "content": "Checking.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "find", "arguments": {"n": 98765432109876543210}}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "found"},
        {"role": "assistant", "content": "Here it is", "weight": 0},
    ],
    "tools": [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}],
    "label": "a",
    "team": "red",
}


@pytest.fixture
def curator(tmp_path: Path) -> Curator:
    made = Curator(tmp_path / "project")
    made.ok("init")
    (tmp_path / "task.toml").write_text(TASK)
    for name in ("one", "two", "three"):
        made.ok("dataset", "create", name, "--task", tmp_path / "task.toml")
    return made


def rows_of(curator: Curator, dataset: str) -> dict[str, dict[str, Any]]:
    frame = views.current(load(curator.project).store, dataset)
    kept = ("content_hash", "text", "messages", "tools", "group", "occurred", "requested_split", "value")
    return {
        row["external_id"]: {name: row[name] for name in kept}
        | {"metadata": json.loads(row["metadata"] or "{}", parse_float=lambda text: f"number {text}")}
        for row in frame.iter_rows(named=True)
    }


def there_and_back(curator: Curator, out: Path, *, into: str = "two") -> tuple[dict[str, Any], dict[str, Any]]:
    told = curator.ok("export", "--dataset", "one", "--out", out)
    back = curator.ok("ingest", out, "--dataset", into, "--source", "teacher", "--labeler", "gpt")
    assert back["rejected"] == 0
    return told, back


def fill(curator: Curator, folder: Path, rows: list[dict[str, Any]]) -> None:
    """Texts and conversations, each in a file of its own."""
    for column in ("text", "messages"):
        if some := [row for row in rows if column in row]:
            file = write_jsonl(folder / f"{column}.jsonl", some)
            told = curator.ok("ingest", file, "--dataset", "one", "--source", "teacher", "--labeler", "gpt")
            assert told["added"] == len(some)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
@pytest.mark.parametrize("talk", [False, True])
def test_a_file_with_types_is_read_again_to_equal_rows(
    curator: Curator, tmp_path: Path, suffix: str, talk: bool
) -> None:
    fill(curator, tmp_path, [*ROWS, TALK] if talk else ROWS)
    told, _ = there_and_back(curator, tmp_path / f"out.{suffix}")
    assert rows_of(curator, "two") == rows_of(curator, "one")
    assert (told["rows"], told["of"], told["notes"]) == (len(ROWS) + talk, len(ROWS) + talk, [])
    assert told["metadata"] == {name: name for name in ("team", "size", "score", "on", "tags", "mixed")}


def test_a_csv_is_read_again_with_all_that_text_can_hold(curator: Curator, tmp_path: Path) -> None:
    fill(curator, tmp_path, [*ROWS, TALK])
    told, _ = there_and_back(curator, tmp_path / "out.csv")
    before, after = rows_of(curator, "one"), rows_of(curator, "two")
    kept = {name: row.pop("metadata") for name, row in after.items()}
    for row in before.values():
        row.pop("metadata")
    assert after == before
    assert kept["2"] == {
        "team": "blue",
        "size": "12345678901234567890123",
        "score": "",
        "on": "",
        "tags": "",
        "mixed": "",
    }
    assert (kept["3"]["tags"], kept["3"]["on"]) == ('["x",null,{"y":1}]', "true")
    assert any("a CSV holds text alone" in note for note in told["notes"])


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_text_that_looks_like_turns_stays_a_text(curator: Curator, tmp_path: Path, suffix: str) -> None:
    odd = {"id": "odd", "text": '[{"role": "user", "content": "hi"}]', "label": "b"}
    fill(curator, tmp_path, [odd, TALK])
    there_and_back(curator, tmp_path / f"out.{suffix}")
    assert {n: r["content_hash"] for n, r in rows_of(curator, "two").items()} == {
        n: r["content_hash"] for n, r in rows_of(curator, "one").items()
    }


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_column_that_has_a_fields_name_is_renamed_and_said(curator: Curator, tmp_path: Path, suffix: str) -> None:
    rows = [{"id": "1", "text": "t", "label": "a", "confidence": 0.5, "input": "i", "category": "c", "source": "s"}]
    file = write_jsonl(tmp_path / "rows.jsonl", rows)
    curator.ok("ingest", file, "--dataset", "one", "--map", "input=text,confidence=", "--labeler", "gpt")
    told, back = there_and_back(curator, tmp_path / f"out.{suffix}")
    assert [note.split(":")[0] for note in told["notes"][:2]] == [
        "the metadata column 'confidence' is called 'metadata.confidence'",
        "the metadata column 'input' is called 'metadata.input'",
    ]
    fields = {"input": "text", "label": "label", "id": "id", "group": "group", "split": "split", "time": "time"}
    assert back["mapping"] == {f"out.{suffix}": fields}
    assert set(rows_of(curator, "two")["1"]["metadata"]) == {
        "metadata.confidence",
        "metadata.input",
        "category",
        "source",
    }
    assert any("what an export said of its rows is not kept: curator.label_from" in note for note in back["notes"])


def test_an_export_says_where_each_label_stands_from(curator: Curator, tmp_path: Path) -> None:
    fill(curator, tmp_path, ROWS)
    decision = {"external_ids": ["2"], "action": "exclude", "reviewer": "ana", "reason": "odd"}
    curator.ok("decide", write_jsonl(tmp_path / "decide.jsonl", [decision]), "--dataset", "one")
    curator.ok("export", "--dataset", "one", "--out", tmp_path / "out.jsonl")
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    about = [[row[f"curator.{name}"] for name in ("label_from", "labeler", "source", "out")] for row in found]
    assert about[:3] == [
        ["teacher", "gpt", "teacher", None],
        ["teacher", "gpt", "teacher", "excluded"],
        ["none", None, "teacher", "unlabelled"],
    ]
    assert [row["id"] for row in found] == ["007", "2", "3", "4", "5"]


def test_rows_are_chosen_by_a_column_and_those_without_it_are_counted(curator: Curator, tmp_path: Path) -> None:
    fill(curator, tmp_path, ROWS)
    told = curator.ok("export", "--dataset", "one", "--out", tmp_path / "a.parquet", "--where", "score=2.0")
    assert pl.read_parquet(tmp_path / "a.parquet")["id"].to_list() == ["4"]
    assert (told["rows"], told["of"], told["lacking"]) == (1, 5, {"score": 3})
    assert told["notes"] == ["3 rows have no column 'score' and are not among them"]
    unknown = curator("export", "--dataset", "one", "--out", tmp_path / "b.csv", "--where", "colour=x")
    assert unknown.code == 2
    assert "no row has a metadata column 'colour'; the metadata columns are mixed, on, score" in unknown.err
    none = curator("export", "--dataset", "one", "--out", tmp_path / "b.csv", "--where", "score=9")
    assert (none.code, (tmp_path / "b.csv").exists()) == (3, False)


@pytest.mark.parametrize(("name", "words"), [("there.csv", "is there already"), ("rows.xlsx", "expected .jsonl, .csv")])
def test_a_file_is_never_overwritten_nor_of_an_unknown_form(
    curator: Curator, tmp_path: Path, name: str, words: str
) -> None:
    fill(curator, tmp_path, ROWS)
    (tmp_path / "there.csv").write_text("mine")
    answer = curator("export", "--dataset", "one", "--out", tmp_path / name)
    assert (answer.code, words in answer.err) == (2, True)
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_a_row_whose_last_turn_would_become_its_answer_is_said(curator: Curator, tmp_path: Path) -> None:
    fill(curator, tmp_path, [TALK, {"id": "z", "messages": [{"role": "user", "content": "hi"}], "label": "b"}])
    file = write_jsonl(tmp_path / "more.jsonl", [{"id": "z", "text": "hi", "label": "b"}])
    curator.ok("ingest", file, "--dataset", "one", "--labeler", "ana")
    told = curator.ok("export", "--dataset", "one", "--out", tmp_path / "out.jsonl", "--labeler", "ana")
    assert any("1 rows without a label end in the assistant's turn (first talk)" in note for note in told["notes"])


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
VALUES = st.recursive(
    st.booleans() | st.integers(-(10**45), 10**45) | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner | st.none(), max_size=3) | st.dictionaries(NAMES, inner | st.none(), max_size=3),
    max_leaves=5,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from([" a", "a", "size", "Label", "x=y"]), VALUES, max_size=4),
        min_size=1,
        max_size=5,
    )
)
def test_any_json_value_is_read_again_from_parquet_as_it_was(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    from curator.records import read_exact, write_exact
    from pipelines.files import read_rows, write_json_columns

    exact = [read_exact(write_exact(row)) for row in rows]
    columns = list(dict.fromkeys(name for row in exact for name in row)) or ["none"]
    write_json_columns(tmp_path / "x.parquet", exact, columns)
    back = [row.record or {} for row in read_rows(tmp_path / "x.parquet")]
    assert [{n: write_exact(v) for n, v in row.items() if v is not None} for row in back] == [
        {n: write_exact(v) for n, v in row.items()} for row in exact
    ]


FORMULAS = ["=1+1", "+49 (0)30 1", "-x", "@sum(1)", "\uff1d1+1"]
PLAIN = ["-5", "+3.5", "-1,5 %".replace(" ", ""), "5-5", "plain", "it's = 1"]


def test_what_a_spreadsheet_would_run_is_told_and_made_inert_where_it_is_asked(
    curator: Curator, tmp_path: Path
) -> None:
    curator.ok(
        "ingest",
        write_jsonl(tmp_path / "in.jsonl", [{"text": text} for text in (*FORMULAS, *PLAIN)]),
        "--dataset",
        "one",
    )
    told = curator.ok("export", "--dataset", "one", "--out", tmp_path / "as-it-is.csv")
    (note,) = [note for note in told["notes"] if "spreadsheet" in note]
    assert note.startswith("a spreadsheet would run 5 cells (first: ")
    assert curator.ok("ingest", tmp_path / "as-it-is.csv", "--dataset", "two")["rejected"] == 0
    assert {row["text"] for row in rows_of(curator, "two").values()} == {*FORMULAS, *PLAIN}
    told = curator.ok("export", "--dataset", "one", "--out", tmp_path / "inert.csv", "--spreadsheet")
    assert any(note.startswith("an apostrophe stands before 5 cells") for note in told["notes"])
    with (tmp_path / "inert.csv").open(encoding="utf-8", newline="") as handle:
        texts = [row["text"] for row in csv.DictReader(handle)]
    assert texts == [f"'{text}" for text in FORMULAS] + PLAIN
    refused = curator("export", "--dataset", "one", "--out", tmp_path / "x.jsonl", "--spreadsheet")
    assert refused.code == 2
    assert "--spreadsheet is about a .csv" in refused.out
