#!/usr/bin/env bash
# Versions: together 3.1.1 (`together.lib.utils.check_file`, which `together files check` calls).
# Commonly believed: the client's check of a fine-tuning file looks at its conversations (roles, turns in order, contents that are
#   text), as its earlier releases did; the guide still names it as the way to see whether a file is right.
# Seen: it reads UTF-8 and one JSON object on each line, and nothing in them: a conversation of unknown roles, one without any
#   message, null for a content and NaN all pass.
# Output seen:
#   [('unknown role', True), ('no messages', True), ('content null', True), ('NaN', True), ('a list', False)]
# Fails (exit 1) when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q together==3.1.1
cat > "$work/seen.py" <<'PY'
import pathlib
import sys

from together.lib.utils import check_file

ROWS = {
    "unknown role": '{"messages": [{"role": "robot", "content": "hi"}]}',
    "no messages": '{"title": "x"}',
    "content null": '{"messages": [{"role": "user", "content": null}]}',
    "NaN": '{"messages": [{"role": "user", "content": NaN}]}',
    "a list": '["messages"]',
}
seen = []
for name, row in ROWS.items():
    path = pathlib.Path(sys.argv[1]) / "file.jsonl"
    path.write_text((row + "\n") * 12)
    seen.append((name, check_file(path)["is_check_passed"]))
print(seen)
assert [passed for _, passed in seen] == [True, True, True, True, False], "the behaviour changed"
PY
"$work/venv/bin/python" "$work/seen.py" "$work" 2>/dev/null
