#!/usr/bin/env bash
# Versions: polars 2.1.0 with fastexcel 0.21.0 (its default reader of workbooks), openpyxl 3.1.5 (writes the file).
# Commonly believed: read_excel gives back each cell, or raises where a column cannot hold it.
# Seen: the type of a column comes from its first 1,000 rows. A text cell after them becomes null without a word, TRUE
#   becomes 1.0, and a row whose only cell was such a text is dropped as empty: 1,203 rows are written, 1,202 read.
# Output seen:
#   two columns: 1203 rows, types Float64, tail [None, 1.0, 2.5]
#   one column: 1202 rows, tail [1199.0, 1.0, 2.5]
# Fails (exit 1) when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q polars==2.1.0 fastexcel==0.21.0 openpyxl==3.1.5
cd "$work"
cat > seen.py <<'PY'
import openpyxl
import polars as pl


def read(columns):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["answer", "id"][:columns])
    for number, cell in enumerate([*range(1200), "late", True, 2.5]):
        sheet.append([cell, number][:columns])
    book.save("answers.xlsx")
    return pl.read_excel("answers.xlsx")


two, one = read(2), read(1)
print(f"two columns: {two.height} rows, types {two['answer'].dtype}, tail {two['answer'].tail(3).to_list()}")
print(f"one column: {one.height} rows, tail {one['answer'].tail(3).to_list()}")
assert two.height == 1203 and two["answer"].tail(3).to_list() == [None, 1.0, 2.5], "the behaviour changed"
assert one.height == 1202 and one["answer"].tail(3).to_list() == [1199.0, 1.0, 2.5], "the behaviour changed"
PY
"$work/venv/bin/python" seen.py
