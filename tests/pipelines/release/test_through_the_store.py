"""Random conversations from a file through a real store to the files of every format: equal, or refused by row."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from curator.records import make_task, read_exact, read_turns, same_json, write_exact
from curator.release.encoding import parquet_lines
from curator.release.formats import FORMATS
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.release import export, release
from pipelines.release.release import ReleaseConfig
from storage.dataset import datasets
from storage.engine.store import Store
from tests.curator.release.test_carriage import ANSWER, RESULT, SAID, TOOLS, USER, back, meant

TURNED = ("openai", "together", "trl", "axolotl", "mistral", "torchtune", "tinker", "parquet")
"""Formats whose rows are turns with calls in them, which are read back as they are."""
WAIVED = ("certificate", "test_reviewed", "contradictions", "secrets", "content", "carried", "format")
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abé "), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    opening = draw(
        st.lists(st.fixed_dictionaries({"role": st.just("system"), "content": st.just("Be brief.")}), max_size=1)
    )
    turns = [*opening, *draw(st.lists(USER | SAID | RESULT, max_size=3)), draw(USER), draw(ANSWER)]
    return {"messages": turns, "tools": draw(TOOLS), "kept": draw(VALUE)}


def named(number: int, row: dict[str, Any]) -> dict[str, Any]:
    """The row with a first turn by which it is known again."""
    tools = None if row["tools"] is None else read_exact(row["tools"])
    first = {"role": "user", "content": f"row {number}"}
    at = 1 if row["messages"][0]["role"] == "system" else 0
    turns = [*row["messages"][:at], first, *row["messages"][at:]]
    return {"id": f"r{number}", "messages": turns, "tools": tools, "kept": row["kept"]}


def released(folder: Path) -> list[str | bytes]:
    """The lines of a format's train file; of one that refuses every row there is none."""
    if (folder / "train.parquet").exists():
        return list(parquet_lines((folder / "train.parquet").read_bytes()))
    file = folder / "train.jsonl"
    return list(file.read_bytes().split(b"\n")[:-1]) if file.exists() else []


def first_words(turns: Any) -> str:
    return next(t.text for t in turns if t.role == "user")


@given(made=st.lists(rows(), min_size=15, max_size=15))
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
def test_a_row_goes_out_as_it_came_in_or_its_refusal_is_told(
    made: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("through")
    sent = [named(number, row) for number, row in enumerate(made)]
    (folder / "rows.jsonl").write_text("".join(write_exact(row) + "\n" for row in sent), encoding="utf-8")
    store = Store.create(folder / "curator.duckdb")
    datasets.create(store, "d", make_task({"name": "d", "kind": "text"}))
    told = ingest.run(IngestConfig("d", (folder / "rows.jsonl",), source="teacher", labeler="t"), store)
    assert told.added + told.rejected == len(sent)
    lost = (
        {json.loads(line)["line"] for line in Path(told.rejects_file).read_text().splitlines()}
        if told.rejects_file
        else set()
    )
    came = {f"row {number}": row for number, row in enumerate(sent) if number + 1 not in lost}

    assert came
    config = ReleaseConfig("d", formats=tuple(FORMATS), test_share=0, waive=WAIVED, why="a test", who="t")
    report = release.run(config, store, folder / "releases")
    assert report.path is not None
    for name in TURNED:
        refused = {ident for ids in report.refused.get(name, {}).values() for ident in ids}
        lines = released(Path(report.path) / name / "sft")
        out = {}
        for line in lines:
            row = read_exact(line)
            out[first_words(back(row))] = row
        assert set(out) | {f"row {ident[1:]}" for ident in refused} == set(came)
        for key, row in out.items():
            assert [meant(t) for t in back(row)] == [meant(t) for t in read_turns(came[key]["messages"])]
            tools = row.get("tools")  # in Parquet they are JSON text
            assert (tools is None) == (came[key]["tools"] is None)
            told_tools = tools if isinstance(tools, str) else write_exact(tools)
            assert tools is None or same_json(told_tools, write_exact(came[key]["tools"]))
    for form in export.EXPORT_FORMS[::2]:
        _read_again(store, folder, form, came)


def _read_again(store: Store, folder: Path, form: str, came: dict[str, dict[str, Any]]) -> None:
    """The export of the store is read to the same rows, with what was kept with them."""
    export.run(export.ExportConfig("d", folder / f"out{form}"), store)
    other = Store.create(folder / f"again{form}.duckdb")
    datasets.create(other, "d", make_task({"name": "d", "kind": "text"}))
    told = ingest.run(IngestConfig("d", (folder / f"out{form}",), source="teacher", labeler="t"), other)
    assert (told.added, told.rejected) == (len(came), 0)
    mine, again = (views(each) for each in (store, other))
    assert mine == again


def views(store: Store) -> list[tuple[Any, ...]]:
    from storage.views.current import current

    columns = ("external_id", "text", "context", "tools", "metadata", "value")
    return sorted(current(store, "d").select(columns).iter_rows())
