"""Labelled rows go out as tools take them in, and come back as equal rows."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.importers import Reading, lifted, of_record
from curator.records import Parsed, make_task, take_in
from curator.release import TOOL_FORMS, ToolRow
from pipelines.runtime.settings import load
from storage.views.current import current
from tests.cli.command import Curator, write_jsonl

CLASSES = make_task({"name": "t", "labels": ["refund", "delivery", "a b"]})
FIELDS = make_task({"name": "t", "kind": "extraction", "schema": '{"type": "object"}'})
TEXT = make_task({"name": "t", "kind": "text"})
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(
    lambda s: bool(s.strip())
)
JSON = st.one_of(st.integers(-(2**40), 2**40), st.booleans(), st.text(max_size=8), st.lists(st.integers(), max_size=3))
NAMES = st.sampled_from(
    ["team", "score", "label", "text", "meta", "answer", "Comments", "labels", "_x", "entities", "data"]
)


def rows(value: st.SearchStrategy[str]) -> st.SearchStrategy[ToolRow]:
    model = st.sampled_from([None, "gpt"])
    return st.builds(
        ToolRow, WORDS.map(str.strip), WORDS, value, model, st.none(), st.dictionaries(NAMES, JSON, max_size=4)
    )


def read(record: Any, task: Any) -> Parsed:
    found = of_record(record)
    assert found is not None
    (made,) = found.read(record, Reading(task))
    return take_in(lifted(made, record, {}), dataset="d", task=task, source="import", split=None, fallback_id="none")


@pytest.mark.parametrize("tool", sorted(TOOL_FORMS))
@pytest.mark.parametrize(
    ("task", "values"),
    [
        (CLASSES, st.sampled_from(list(CLASSES.labels))),
        (
            FIELDS,
            st.dictionaries(WORDS, st.integers(), max_size=3).map(
                lambda v: json.dumps(v, separators=(",", ":"), ensure_ascii=False)
            ),
        ),
        (TEXT, WORDS),
    ],
    ids=["classes", "fields", "text"],
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_row_comes_back_equal(data: st.DataObject, tool: str, task: Any, values: st.SearchStrategy[str]) -> None:
    row = data.draw(rows(values))
    form = TOOL_FORMS[tool]
    names = form.names(list(row.columns))
    kept = {names[name]: value for name, value in row.columns.items()}
    written = ToolRow(row.id, row.text, row.value, row.model, row.confidence, kept)
    body = form.body([written], task)
    record = json.loads(body) if form.lines else json.loads(body)[0]
    back = read(record, task)
    assert (back.example.external_id, back.example.messages[0].text) == (row.id, row.text)
    assert [label.value for label in back.labels] == [row.value]
    assert dict(back.example.metadata) == kept


@pytest.mark.parametrize("tool", sorted(TOOL_FORMS))
def test_a_dataset_goes_out_to_a_tool_and_comes_in_again(tmp_path: Path, tool: str) -> None:
    curator = Curator(tmp_path / "p")
    curator.ok("init")
    (tmp_path / "t.toml").write_text('name = "t"\nlabels = ["a", "b"]\n')
    for name in ("one", "two"):
        curator.ok("dataset", "create", name, "--task", tmp_path / "t.toml")
    given_rows: list[dict[str, Any]] = [
        {"id": "r1", "text": 'first "one"\nof two lines 🦜', "label": "a", "group": "g", "team": "blue"},
        {"id": "r2", "text": "second", "label": "b", "split": "test", "size": 3},
        {"id": "r3", "text": "no label"},
        {"id": "r4", "messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "y"}], "label": "a"},
    ]
    for number, row in enumerate(given_rows):
        curator.ok("ingest", write_jsonl(tmp_path / f"{number}.jsonl", [row]), "--dataset", "one", "--labeler", "gpt")
    out = tmp_path / f"out{TOOL_FORMS[tool].suffix}"
    report = curator.ok("export", "--to", tool, "--out", out, "--dataset", "one")
    assert (report["rows"], report["of"]) == (2, 4)
    assert report["left_out"] == {"unlabelled": 1, "conversation": 1}
    curator.ok("ingest", out, "--dataset", "two")
    columns = ["external_id", "text", "value", "group", "requested_split", "metadata"]
    store = load(tmp_path / "p").store
    one = current(store, "one").filter(current(store, "one")["external_id"].is_in(["r1", "r2"])).select(columns)
    assert current(store, "two").select(columns).rows() == one.rows()
    assert curator("export", "--to", tool, "--out", tmp_path / "x.txt", "--dataset", "one").code == 2


def test_argilla_itself_reads_the_file(tmp_path: Path) -> None:
    from argilla.records._io import JsonIO

    row = ToolRow("r1", "first", "refund", "gpt", 0.5, {"team": "blue"})
    out = tmp_path / "out.json"
    out.write_text(TOOL_FORMS["argilla"].body([row], CLASSES))
    (record,) = JsonIO._records_from_json(out)
    assert (record.id, record.fields["text"], record.suggestions["label"].value) == ("r1", "first", "refund")
