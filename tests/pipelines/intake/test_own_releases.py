"""The files of a release come in again as the rows that they were made of, in each format."""

from pathlib import Path
from typing import Any

import pytest

from curator.records import context_key, make_task, read_turns, said_text
from curator.release import FORMATS, DpoRow, SftRow, cannot_carry, render_format
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from storage.dataset import datasets, examples, labels
from storage.engine.store import Store
from storage.review import comparisons, opinions

TOOLS = '[{"type":"function","function":{"name":"find","parameters":{"type":"object"}}}]'
PLAIN = [{"role": "user", "content": "Where is parcel 7?"}]
SYSTEM = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is it?"}]
LONG = [*SYSTEM, {"role": "assistant", "content": "Which?"}, {"role": "user", "content": "Parcel 8 — the late one"}]
CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": {"n": 9}}}
CALLED: list[dict[str, Any]] = [
    {"role": "user", "content": "Find parcel 9"},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "name": "find", "content": "in Rome"},
]
PROMPTS: dict[str, tuple[list[dict[str, Any]], str | None]] = {
    "plain": (PLAIN, None),
    "system": (SYSTEM, None),
    "long": (LONG, None),
    "called": (CALLED, TOOLS),
}


def asked(prompt: list[dict[str, Any]]) -> tuple[str, str | None]:
    turns = read_turns(prompt)
    return said_text(turns), context_key(turns)


@pytest.fixture
def ready(store: Store) -> Store:
    datasets.create(store, "d", make_task({"name": "t", "kind": "text"}))
    return store


def take(store: Store, folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    report = ingest.run(IngestConfig("d", (folder,), source="teacher"), store)
    assert report.by_reason == {}, report.first


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if each.sft is not None])
def test_rows_to_learn_come_in_as_they_were(name: str, ready: Store, tmp_path: Path) -> None:
    rows = [
        SftRow(f"ex_{key}", read_turns([*prompt, {"role": "assistant", "content": f"It is {key}."}]), tools)
        for key, (prompt, tools) in PROMPTS.items()
    ]
    rows = [row for row in rows if cannot_carry(name, row) is None]
    assert rows
    take(ready, tmp_path / "release", render_format(name, {("sft", "train"): rows}))
    found = examples.frame(ready, "d").select("text", "context", "requested_split").rows()
    wanted = [(said_text(row.messages[:-1]), context_key(row.messages[:-1], row.tools), "train") for row in rows]
    assert sorted(found, key=str) == sorted(wanted, key=str)
    assert sorted(labels.frame(ready, "d")["value"]) == sorted(row.messages[-1].text for row in rows)


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if each.dpo is not None])
def test_pairs_come_in_as_they_were(name: str, ready: Store, tmp_path: Path) -> None:
    rows = [
        DpoRow(f"ex_{key}", read_turns(prompt), f"It is {key}.", "No idea.", tools)
        for key, (prompt, tools) in PROMPTS.items()
    ]
    rows = [row for row in rows if cannot_carry(name, row) is None]
    assert rows
    take(ready, tmp_path / "release", render_format(name, {("dpo", "train"): rows}))
    frame = examples.frame(ready, "d")
    wanted = [(said_text(row.prompt), context_key(row.prompt, row.tools)) for row in rows]
    assert sorted(frame.select("text", "context").rows(), key=str) == sorted(wanted, key=str)
    if name == "kto":
        chosen = set(labels.frame(ready, "d")["value"])
        rejected = {answer for _, answer, _ in opinions.rejected(ready, "d")}
    else:
        given = comparisons.given(ready, "d").select("choice", "a", "b").rows()
        chosen = {a if choice == "a" else b for choice, a, b in given}
        rejected = {b if choice == "a" else a for choice, a, b in given}
        assert len(given) == len(rows)
    assert (chosen, rejected) == ({row.chosen for row in rows}, {"No idea."})
