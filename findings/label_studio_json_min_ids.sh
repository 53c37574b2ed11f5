#!/usr/bin/env bash
# Versions: label-studio-sdk 2.1.2 (the converter that Label Studio 1.23 exports with).
# Commonly believed: JSON-MIN is the JSON export made flat, so that its `id` is the row's own id, as it is in the CSV.
# Seen: for a task whose data has a column `id`, JSON-MIN has the number that Label Studio gave to the task there, and the row's
#   own id is nowhere in the file; the CSV of the same tasks has the row's own id. A task that somebody skipped is in neither.
# Output seen:
#   JSON-MIN: [(7, 'refund')]
#   CSV: [('ticket-1', 'refund')]
# Fails (exit 1) when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q label-studio-sdk==2.1.2
cd "$work"
cat > seen.py <<'PY'
import csv
import json
import pathlib

from label_studio_sdk.converter import Converter


def task(number, own, cancelled):
    result = [{"id": "a", "from_name": "intent", "to_name": "text", "type": "choices", "value": {"choices": ["refund"]}}]
    made = {"id": number, "completed_by": 1, "result": result, "was_cancelled": cancelled}
    return {"id": number, "data": {"id": own, "text": "Where is my money?"}, "annotations": [made]}


pathlib.Path("in").mkdir()
pathlib.Path("in/task.json").write_text(json.dumps([task(7, "ticket-1", False), task(8, "ticket-2", True)]))
config = '<View><Text name="text" value="$text"/><Choices name="intent" toName="text"><Choice value="refund"/></Choices></View>'
made = Converter(config, "in")
made.convert_to_json_min("in", "min")
made.convert_to_csv("in", "csv", sep=",", header=True)
flat = json.loads(next(pathlib.Path("min").glob("*.json")).read_text())
rows = list(csv.DictReader(next(pathlib.Path("csv").glob("*.csv")).open()))
print("JSON-MIN:", [(row["id"], row["intent"]) for row in flat])
print("CSV:", [(row["id"], row["intent"]) for row in rows])
assert [row["id"] for row in flat] == [7], "the behaviour changed"
assert [row["id"] for row in rows] == ["ticket-1"], "the behaviour changed"
PY
"$work/venv/bin/python" seen.py 2>/dev/null
