#!/usr/bin/env bash
# Versions: label-studio-sdk 2.1.2 (the converter that Label Studio 1.23 exports with).
# Commonly believed: the CoNLL export tags the tokens that were marked.
# Seen: Label Studio's editor stores places as JavaScript counts them, in UTF-16 units (HumanSignal/label-studio issue 1347,
#   open since 2021), and the converter cuts Python strings by them, which count characters. Each emoji before a mark, or in
#   it, moves the tags by one: the full stop behind the name is tagged as a part of it. `text` in the same result is right.
# Output seen:
#   marked: '🍎 Foods AG'
#   tagged as ORG: ['🍎', 'Foods', 'AG', '.']
# Fails (exit 1) when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q label-studio-sdk==2.1.2
cd "$work"
cat > seen.py <<'PY'
import json
import pathlib

from label_studio_sdk.converter import Converter

text, name = "He works at 🍎 Foods AG.", "🍎 Foods AG"
units = lambda part: len(part.encode("utf-16-le")) // 2  # as JavaScript's `length` counts
start = units(text[: text.index(name)])
value = {"start": start, "end": start + units(name), "text": name, "labels": ["ORG"]}
result = [{"id": "a", "from_name": "label", "to_name": "text", "type": "labels", "value": value}]
task = {"id": 1, "data": {"text": text}, "annotations": [{"id": 1, "completed_by": 1, "result": result}]}
pathlib.Path("in").mkdir()
pathlib.Path("in/task.json").write_text(json.dumps([task]))
config = '<View><Labels name="label" toName="text"><Label value="ORG"/></Labels><Text name="text" value="$text"/></View>'
Converter(config, "in").convert_to_conll2003("in", "out")
lines = pathlib.Path("out/result.conll").read_text().splitlines()
tagged = [line.split()[0] for line in lines if line.endswith("-ORG")]
print("marked:", repr(name))
print("tagged as ORG:", tagged)
assert tagged == ["🍎", "Foods", "AG", "."], "the behaviour changed"
PY
"$work/venv/bin/python" seen.py 2>/dev/null
