"""A record that is not quite what a tool writes is told apart or rejected with a reason; nothing else ever happens."""

import copy
import csv
import io
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.importers import IMPORT_FORMATS, Reading
from curator.records import Rejected, make_task, take_in

FILES = Path(__file__).parent.parent.parent / "data" / "formats"
TASKS = (
    make_task({"name": "t", "labels": ["refund", "delivery", "account"]}),
    make_task(
        {"name": "t", "kind": "extraction", "schema": '{"type": "object", "properties": {"PER": {"type": "array"}}}'}
    ),
    make_task({"name": "t", "kind": "text"}),
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 99), st.floats(allow_nan=True), st.text(max_size=5),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3)), max_size=3),
    st.dictionaries(st.sampled_from(["text", "start", "end", "value", "error", "parts"]), st.integers(), max_size=2),
)  # fmt: skip


def records() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for file in sorted(FILES.rglob("*.*")):
        body = file.read_text() if file.suffix in (".json", ".jsonl", ".csv") else ""
        if file.suffix == ".json":
            whole = json.loads(body)
            found += whole if isinstance(whole, list) else [whole]
        elif file.suffix == ".csv":
            found += list(csv.DictReader(io.StringIO(body)))
        else:
            found += [json.loads(line) for line in body.splitlines()]
    return [record for record in found if record]


RECORDS = records()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, ...]] = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        inner += places(part, (*path, key))
    return inner


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_an_odd_record_is_rejected_with_a_reason_or_read(data: st.DataObject) -> None:
    record = copy.deepcopy(data.draw(st.sampled_from(RECORDS)))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(record)))
        inside = record
        for key in path[:-1]:
            inside = inside[key]
            if not isinstance(inside, dict | list):
                break
        else:
            if isinstance(inside, dict) or path[-1] < len(inside):
                inside[path[-1]] = data.draw(VALUES)
    task = data.draw(st.sampled_from(TASKS))
    for each in IMPORT_FORMATS:
        if not each.fits(record):
            continue
        try:
            for row in each.rows(record, Reading(task, tuple(record), "odd.jsonl")):
                take_in(row, dataset="d", task=task, source="import", split=None, fallback_id="x")
        except Rejected:
            pass
