"""Random conversations and pairs from a file through a real store to the files of every format, and from there back.

Each row and each pair is in a format's file as it came in, or its refusal is told; read again by `ingest`, the file
gives the same row, answer and preference.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from curator.records import (
    Message,
    ToolCallPart,
    answer_turn,
    make_task,
    message_from_json,
    read_exact,
    read_turns,
    same_json,
    write_exact,
)
from curator.release import FORMATS
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.preferences import pairs
from pipelines.release import export, release
from pipelines.release.release import ReleaseConfig, ReleaseReport
from storage.dataset import datasets
from storage.engine.store import Store
from storage.release import versions
from storage.review import comparisons, opinions
from storage.views.current import current
from tests.curator.records.test_chat_json import ARGUMENTS
from tests.curator.release.test_carriage import ANSWER, RESULT, SAID, TOOLS, USER, WORDS, meant

WAIVED = ("certificate", "test_reviewed", "contradictions", "secrets", "content", "carried", "format")
SPOKEN = ("llama-factory", "ms-swift", "sharegpt")
"""Formats in whose turns a call has no id, so that its result names none: docs/formats-out.md says so."""
NO_TOOLS = ("tinker", "torchtune", "sharegpt")
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abé "), inner, max_size=2),
    max_leaves=4,
)


def calling(count: int, arguments: Any) -> dict[str, Any]:
    """A turn that only calls."""
    calls = [
        {"id": f"abcdefgh{n}", "type": "function", "function": {"name": "f", "arguments": arguments}}
        for n in range(count)
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}


@st.composite
def exchanges(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A call and its result, as a tool is used."""
    asked = {"role": "user", "content": draw(WORDS)}
    result = {"role": "tool", "tool_call_id": "abcdefgh0", "content": draw(WORDS)}
    return [asked, calling(1, draw(ARGUMENTS)), result]


ANSWERS = ANSWER | st.builds(calling, st.integers(1, 2), ARGUMENTS | ARGUMENTS.map(write_exact))


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    opening = draw(
        st.lists(st.fixed_dictionaries({"role": st.just("system"), "content": st.just("Be brief.")}), max_size=1)
    )
    middle = draw(
        exchanges() | st.tuples(st.lists(USER | SAID | RESULT, max_size=3), USER).map(lambda t: [*t[0], t[1]])
    )
    sides = draw(st.lists(ANSWERS, min_size=2, max_size=2))
    return {"messages": [*opening, *middle, draw(ANSWERS)], "tools": draw(TOOLS), "kept": draw(VALUE), "sides": sides}


PLAIN: dict[str, Any] = {
    "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "12"}],
    "tools": None,
    "kept": None,
    "sides": [{"role": "assistant", "content": "1.10"}, {"role": "assistant", "content": " true\n"}],
}
CALLED: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": "q"},
        calling(1, {"a": 10**20}),
        {"role": "tool", "tool_call_id": "abcdefgh0", "content": "3"},
        {"role": "assistant", "content": "a"},
    ],
    "tools": write_exact([{"name": "f", "parameters": {}}]),
    "kept": {"a": [1, None]},
    "sides": [calling(1, {"b": "é"}), {"role": "assistant", "content": "b"}],
}


def named(number: int, row: dict[str, Any]) -> dict[str, Any]:
    """The row with a first turn by which it is known again."""
    tools = None if row["tools"] is None else read_exact(row["tools"])
    turns = row["messages"]
    if turns[0]["role"] == "user" and isinstance(turns[0]["content"], str):
        turns = [{**turns[0], "content": f"row {number}"}, *turns[1:]]
    else:
        at = 1 if turns[0]["role"] == "system" else 0
        turns = [*turns[:at], {"role": "user", "content": f"row {number}"}, *turns[at:]]
    return {"id": f"r{number}", "messages": turns, "tools": tools, "kept": row["kept"]}


def paired(row: dict[str, Any], sides: list[dict[str, Any]]) -> dict[str, Any]:
    """The comparison of two answers to the row, as a file of preferences has it."""
    chosen, rejected = sides
    kept = {"id": row["id"], "tools": row["tools"]}
    return {**kept, "prompt": row["messages"][:-1], "chosen": [chosen], "rejected": [rejected]}


def first_words(turns: Iterable[Message]) -> str:
    return next(t.text for t in turns if t.role == "user")


def told(turns: Iterable[Message], format: str) -> list[Message]:
    """What the turns say, without what the format is stated not to say."""
    return [_unnamed(meant(turn)) if format in SPOKEN else meant(turn) for turn in turns]


def _unnamed(turn: Message) -> Message:
    parts = tuple(replace(part, id=None) if isinstance(part, ToolCallPart) else part for part in turn.parts)
    return replace(turn, parts=parts, tool_call_id=None)


def taken_in(store: Store, dataset: str, *files: Path) -> ingest.IngestReport:
    """What became of files in a new dataset."""
    datasets.create(store, dataset, make_task({"name": dataset, "kind": "text"}))
    return [ingest.run(IngestConfig(dataset, (file,), source="teacher", labeler="t"), store) for file in files][-1]


def turns_of(cell: str) -> tuple[Message, ...]:
    return tuple(message_from_json(turn) for turn in json.loads(cell))


@pytest.mark.slow
@given(made=st.lists(rows(), min_size=15, max_size=15))
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
def test_a_row_goes_out_as_it_came_in_or_its_refusal_is_told(
    made: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("through")
    given_rows = [PLAIN, CALLED, *made]
    sent = [named(number, row) for number, row in enumerate(given_rows)]
    prefs = [paired(row, given["sides"]) for row, given in zip(sent, given_rows, strict=True)]
    for name, written in (("rows", sent), ("prefs", prefs)):
        (folder / f"{name}.jsonl").write_text("".join(write_exact(row) + "\n" for row in written), encoding="utf-8")
    store = Store.create(folder / "curator.duckdb")
    told_rows = taken_in(store, "d", folder / "rows.jsonl")
    assert told_rows.added + told_rows.rejected == len(sent)
    lost = (
        {json.loads(line)["line"] for line in Path(told_rows.rejects_file).read_text().splitlines()}
        if (told_rows.rejects_file)
        else set()
    )
    came = {f"row {number}": row for number, row in enumerate(sent) if number + 1 not in lost}
    assert {"row 0", "row 1"} <= set(came)
    ingest.run(IngestConfig("d", (folder / "prefs.jsonl",), source="teacher", labeler="t"), store)
    pairs.build("d", store)

    config = ReleaseConfig("d", formats=tuple(FORMATS), test_share=0, waive=WAIVED, why="a test", who="t")
    report = release.run(config, store, folder / "releases")
    assert report.path is not None
    assert report.pairs["train"] >= 2
    again = Store.create(folder / "again.duckdb")
    for name, form in FORMATS.items():
        for stage in form.stages:
            place = Path(report.path) / name / stage
            told_again = taken_in(again, f"{name}-{stage}", place)
            assert told_again.rejected == 0, (name, stage, told_again.first)
        if "sft" in form.stages:
            _rows_are_back(again, name, came, report)
        if "dpo" in form.stages:
            _pairs_are_back(again, name, store, report)
    for suffix in export.EXPORT_FORMS[::2]:
        _read_again(store, folder, suffix, came)


def _refused(report: ReleaseReport, name: str) -> set[str]:
    return {f"row {ident[1:]}" for ids in report.refused.get(name, {}).values() for ident in ids}


def _rows_are_back(again: Store, name: str, came: dict[str, dict[str, Any]], report: ReleaseReport) -> None:
    out = {}
    for cell, tools, value in current(again, f"{name}-sft").select("messages", "tools", "value").iter_rows():
        turns = turns_of(cell)
        out[first_words(turns)] = ([*turns, answer_turn(value)], tools)
    assert set(out) | _refused(report, name) == set(came)
    assert {"row 0"} | ({"row 1"} if name not in NO_TOOLS else set()) <= set(out)
    for key, (said, tools) in out.items():
        assert told(said, name) == told(read_turns(came[key]["messages"]), name)
        _tools_are_back(tools, came[key]["tools"])


def _tools_are_back(tools: str | None, sent: Any) -> None:
    assert (tools is None) == (sent is None)
    assert tools is None or same_json(tools, write_exact(sent))


def _pairs_are_back(again: Store, name: str, store: Store, report: ReleaseReport) -> None:
    """What a format's preferences say when they are read again is what was released."""
    dataset = f"{name}-dpo"
    found = _told_pairs(again, dataset) if name != "kto" else _judged_answers(again, dataset)
    out = {key: pair[1:] for key, pair in found.items()}
    built = {pair.example_id for pair in versions.pairs(store, "d")}
    sent = {key: pair[1:] for key, pair in _told_pairs(store, "d").items() if pair[0] in built}
    assert set(out) <= set(sent)
    assert set(sent) <= set(out) | _refused(report, name)
    for key, (turns, tools, chosen, rejected) in out.items():
        before = sent[key]
        assert told(turns, name) == told(before[0], name)
        if name not in ("tinker", "torchtune", "sharegpt"):
            _tools_are_back(tools, None if before[1] is None else read_exact(before[1]))
        for side, said in ((chosen, before[2]), (rejected, before[3])):
            assert told([answer_turn(side)], name) == told([answer_turn(said)], name)


Pair = tuple[str, tuple[Message, ...], str | None, str, str]
"""Row, prompt, tools, the better answer, the worse one."""


def _told_pairs(store: Store, dataset: str) -> dict[str, Pair]:
    rows_of = {row[0]: row[1:] for row in current(store, dataset).select("example_id", "messages", "tools").iter_rows()}
    out = {}
    for one in comparisons.given(store, dataset).iter_rows(named=True):
        cell, tools = rows_of[one["example_id"]]
        better, worse = (one["a"], one["b"]) if one["choice"] == "a" else (one["b"], one["a"])
        out[first_words(turns_of(cell))] = (one["example_id"], turns_of(cell), tools, better, worse)
    return out


def _judged_answers(store: Store, dataset: str) -> dict[str, Pair]:
    """The pairs of a file whose answers stand alone: the one that is good, and the one that is not."""
    wrong = {row: answer for row, answer, _ in opinions.rejected(store, dataset)}
    frame = current(store, dataset).select("example_id", "messages", "tools", "value")
    return {
        first_words(turns_of(cell)): (example, turns_of(cell), tools, value, wrong[example])
        for example, cell, tools, value in frame.iter_rows()
    }


def _read_again(store: Store, folder: Path, form: str, came: dict[str, dict[str, Any]]) -> None:
    """The export of the store is read to the same rows, with what was kept with them."""
    export.run(export.ExportConfig("d", folder / f"out{form}"), store)
    other = Store.create(folder / f"again{form}.duckdb")
    report = taken_in(other, "d", folder / f"out{form}")
    assert (report.added, report.rejected) == (len(came), 0)
    assert views(store) == views(other)


def views(store: Store) -> list[tuple[Any, ...]]:
    columns = ("external_id", "text", "context", "tools", "metadata", "value")
    return sorted(current(store, "d").select(columns).iter_rows())


def test_tools_without_a_common_table_cost_their_rows_and_not_the_release(tmp_path: Path) -> None:
    """Answers that are all dates make a trainer's files Parquet, in which an object's keys are columns."""
    call = calling(1, {"a": 10**20})
    result = {"role": "tool", "tool_call_id": "abcdefgh0", "content": "r"}
    dated = {"role": "assistant", "content": "2024-01-01"}
    sent = [
        {"id": "plain", "messages": [{"role": "user", "content": "q"}, dated]},
        {"id": "called", "messages": [{"role": "user", "content": "p"}, call, result, dated]},
        {"id": "offered", "messages": [{"role": "user", "content": "o"}, dated], "tools": [{"name": "f", "a": {}}]},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(write_exact(row) + "\n" for row in sent), encoding="utf-8")
    store = Store.create(tmp_path / "curator.duckdb")
    taken_in(store, "d", tmp_path / "rows.jsonl")
    config = ReleaseConfig("d", formats=("trl", "openai"), test_share=0, waive=WAIVED, why="a test", who="t")
    report = release.run(config, store, tmp_path / "releases")
    assert report.path is not None
    ((reason, ids),) = report.refused.get("trl", {}).items()
    assert reason.startswith("what it says of tools as columns of a table")
    assert sorted(ids) == ["called", "offered"]
    assert (taken_in(store, "again", Path(report.path) / "trl" / "sft")).added == 1
    assert "openai" not in report.refused
