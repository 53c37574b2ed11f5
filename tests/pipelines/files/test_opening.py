"""The same rows come out whatever they are packed, encoded or wrapped in; what cannot be read says what to do."""

import bz2
import codecs
import csv
import gzip
import io
import json
import lzma
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import NotFoundError, RequestError
from pipelines.files import RawRow, opened, read_rows

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=12).map(lambda t: f"x{t}x")
ROWS = st.lists(
    st.fixed_dictionaries({"id": TEXT, "text, as said": TEXT, 'quoted "name"': TEXT}), min_size=1, max_size=5
)


def as_csv(rows: list[dict[str, Any]], **form: Any) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), **form)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_lines(rows: list[dict[str, Any]], **form: Any) -> bytes:
    return "".join(json.dumps(row, **form) + "\n" for row in rows).encode()


def as_xlsx(rows: list[dict[str, Any]]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append([row[name] for name in rows[0]])
    book.save(out)
    return out.getvalue()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(rows).write_parquet(out)
    return out.getvalue()


def as_zip(name: str, body: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"folder/{name}"), body)  # without the time of writing
    return out.getvalue()


def pretty(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, indent=1) for row in rows).encode()


FORMS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "a.jsonl": as_lines,
    "b.jsonl": lambda rows: codecs.BOM_UTF8 + as_lines(rows, ensure_ascii=False).replace(b"\n", b"\r\n"),
    "c.jsonl": lambda rows: as_lines(rows).replace(b"\n", b""),
    "d.json": lambda rows: json.dumps(rows).encode(),
    "e.json": lambda rows: json.dumps({"version": 1, "data": rows}, indent=2, ensure_ascii=False).encode(),
    "f.json": pretty,
    "g.jsonl": lambda rows: as_lines(rows, separators=(" , ", " : ")),
    "a.csv": as_csv,
    "b.csv": lambda rows: codecs.BOM_UTF8 + as_csv(rows, delimiter=";"),
    "c.csv": lambda rows: b"sep=|\r\n" + as_csv(rows, delimiter="|"),
    "d.csv": lambda rows: as_csv(rows, quoting=csv.QUOTE_ALL, lineterminator="\n").decode().encode("utf-16"),
    "e.csv": lambda rows: as_csv(rows, delimiter="\t").decode().encode("utf-32"),
    "f.csv": as_lines,
    "g.tsv": lambda rows: as_csv(rows, delimiter="\t"),
    "a.parquet": as_parquet,
    "a.xlsx": as_xlsx,
    "a.jsonl.gz": lambda rows: gzip.compress(as_lines(rows)),
    "a.jsonl.zst": lambda rows: zstandard.compress(as_lines(rows)),
    "a.csv.bz2": lambda rows: bz2.compress(as_csv(rows)),
    "a.csv.xz": lambda rows: lzma.compress(as_csv(rows)),
    "a.zip": lambda rows: as_zip("a.csv", as_csv(rows)),
    "a.parquet.gz": lambda rows: gzip.compress(as_parquet(rows)),
}


def read(name: str, body: bytes, encoding: str | None = None) -> tuple[list[str], list[RawRow], tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(body)
        with opened(path, encoding) as table:
            return table.columns(), list(table.rows()), table.notes


@settings(max_examples=4, deadline=None)
@given(ROWS)
@pytest.mark.parametrize("form", FORMS)
def test_the_same_rows_come_out_of_every_form(form: str, rows: list[dict[str, Any]]) -> None:
    columns, found, _ = read(form, FORMS[form](rows))
    assert columns == list(rows[0])
    assert [row.record for row in found] == rows
    assert len({(row.line, row.part) for row in found}) == len(rows), "each row has a place of its own"


VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dictionaries(TEXT, VALUE, min_size=1, max_size=3), min_size=1, max_size=4), st.sampled_from("abc"))
def test_each_value_of_json_comes_out_as_it_is(rows: list[dict[str, Any]], form: str) -> None:
    body = {
        "a": as_lines(rows),
        "b": json.dumps(rows, ensure_ascii=False).encode(),
        "c": json.dumps(rows, indent=1).encode(),
    }[form]
    _, found, _ = read("a.jsonl", body)
    assert [row.record for row in found] == rows
    assert [json.dumps(row.record) for row in found] == [json.dumps(row) for row in rows], "types and order too"


@pytest.mark.parametrize(
    "twice", ['{"a":1,"a":2}', '{"a":1,"b":{"c" : 1,"c":2}}', '{"x":"\\":","a":[{"b":1,\t"b":2}]}']
)
def test_a_key_that_stands_twice_is_told_wherever_it_stands(twice: str) -> None:
    _, rows, _ = read("a.jsonl", f'{twice}\n{{"a": "\\":"}}\n'.encode())
    assert [row.reason for row in rows] == ["duplicate_key", None]
    assert "stands twice" in (rows[0].detail or "")


@pytest.mark.parametrize("wrap", ["{}", '{{"data": {}, "n": 1}}'])
@pytest.mark.parametrize("bad", ["NaN", "Infinity", '"\\ud83d"', '"5" pipe"', "tru", "{", '"never closed', "01"])
@pytest.mark.parametrize("between", [", ", ",\n"])
def test_a_broken_item_of_a_list_loses_that_item_alone(bad: str, between: str, wrap: str) -> None:
    items = [json.dumps({"id": n, "text": f"t{n}", "parts": [{"a": 1}, {"a": 2}]}) for n in range(6)]
    items[3] = f'{{"id": 3, "text": {bad}, "parts": [{{"a": 1}}, {{"a": 2}}]}}'
    _, rows, _ = read("a.json", wrap.format(f"[{between.join(items)}]").encode())
    assert [row.record["id"] for row in rows if row.record] == [0, 1, 2, 4, 5]
    (lost,) = [row for row in rows if row.record is None]
    assert (lost.line, lost.reason) == (4, "malformed_json")
    line = 4 if "\n" in between else 1
    assert f"item 4, on line {line}:" in (lost.detail or "")


@pytest.mark.parametrize("wrap", ["{}", '{{"data": {}}}'])
def test_what_a_cut_file_still_has_is_read_and_the_cut_is_told(wrap: str) -> None:
    whole = wrap.format(json.dumps([{"id": n, "text": f"t{n}"} for n in range(4)], indent=1)).encode()
    for size in range(30, len(whole) - 2):
        _, rows, _ = read("a.json", whole[:size])
        good = [row.record for row in rows if row.record]
        assert good == [{"id": n, "text": f"t{n}"} for n in range(len(good))]
        assert [row.reason for row in rows if row.record is None] == ["cut_off"]


@pytest.mark.parametrize(("name", "pack"), [("gz", gzip.compress), ("zst", zstandard.compress), ("bz2", bz2.compress)])
def test_a_cut_archive_gives_what_it_has_and_says_so(name: str, pack: Callable[[bytes], bytes]) -> None:
    lines = as_lines([{"id": n, "text": f"text {n * n % 7919}"} for n in range(40_000)])
    body = pack(lines)
    _, rows, notes = read(f"a.jsonl.{name}", body[: len(body) * 3 // 4])
    assert 100 < len(rows) < 40_000
    assert rows[-1].reason == "cut_off"
    assert notes == (f"unpacked from {name}",)


def test_a_list_that_something_follows_says_so() -> None:
    _, rows, _ = read("a.json", b'[{"a": 1}]\n{"a": 2}\n')
    assert [(row.record, row.reason) for row in rows] == [({"a": 1}, None), (None, "after_the_end")]
    assert "from line 2 on" in (rows[1].detail or "")


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        (
            "a.csv",
            "id,text\n1,café\n2,né\n3,où\n".encode("cp1252"),
            "is not UTF-8: byte 0xE9 on line 2, and 2 more lines",
        ),
        ("a.jsonl", "".join(f'{{"text": "да{n}"}}\n' for n in range(4)).encode("cp1251"), "name its encoding"),
        ("a.json", b'{"text": {"0": "a", "1": "b"}, "id": {"0": 1, "1": 2}}', "holds columns, not rows"),
        ("a.json", b'{"cats": [{"text": "a"}], "dogs": [{"text": "b"}]}', r'several lists \("cats", "dogs"\)'),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel; save it as .xlsx"),
        ("a.xlsx", b"PK\x03\x04 nonsense", "cannot be read as an Excel workbook"),
        ("a.txt", b"hello", "extension '.txt' is unknown, expected .jsonl"),
        ("a.zip", as_zip("a.csv", b"a\n1\n")[:40], "cannot be unpacked"),
        ("a.csv", b"\xff\xfea", "is not utf-16 throughout"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(name: str, body: bytes, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        read(name, body)


def test_an_encoding_that_is_named_is_used_and_said() -> None:
    body = "id,text\n1,café “x” €\n2,né\n3,où\n".encode("cp1252")
    _, rows, notes = read("a.csv", body, "cp1252")
    assert next(row.record for row in rows if row.record) == {"id": "1", "text": "café “x” €"}
    assert notes == ("read as CP1252",)
    with pytest.raises(RequestError, match="--encoding klingon: no such encoding; some are utf-8"):
        read("a.csv", body, "klingon")
    with pytest.raises(RequestError, match="is not ascii throughout"):
        read("a.csv", body, "ascii")


def test_a_damaged_row_among_good_utf8_is_a_row(tmp_path: Path) -> None:
    _, rows, _ = read("a.csv", "id,text\n1,né\n".encode() + b"2,n\xe9\n3,n\xe8\n4,n\xea\n5,ok\n")
    assert [row.reason for row in rows] == [None, "invalid_utf8", "invalid_utf8", "invalid_utf8", None]


def test_a_folder_and_a_missing_file_are_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="it is a folder; name the files in it"):
        read_rows(tmp_path)
    with pytest.raises(NotFoundError, match=r"no file .*none\.csv"):
        read_rows(tmp_path / "none.csv")


def test_a_file_that_is_called_what_it_is_not_is_read_as_what_it_is() -> None:
    columns, rows, notes = read("a.jsonl", b"id,text\n1,a\n2,b\n")
    assert (columns, len(rows), notes) == (["id", "text"], 2, ("it holds a CSV, and is read as such",))
    _, rows, notes = read("a.csv", b'[{"a": 1},\n{"a": 2}]')
    assert ([row.record for row in rows], notes) == ([{"a": 1}, {"a": 2}], ("it holds JSON, and is read as such",))
    _, rows, _ = read("a.data", as_parquet([{"a": 1}]))
    assert [row.record for row in rows] == [{"a": 1}]


def test_a_workbook_keeps_the_type_of_each_cell_and_names_the_sheets_it_does_not_read() -> None:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.title = "rows"
    for row in (["id", "text", None, "n"], ["007", "a", "x", 1], [], [8, "b", None, 2.5], [9, "c", None, 3, "beyond"]):
        book.active.append(row)
    book.create_sheet("notes").append(["hello"])
    book.save(out)
    columns, rows, notes = read("a.xlsx", out.getvalue())
    assert columns == ["id", "text", "column 3", "n"]
    assert [row.record for row in rows] == [
        {"id": "007", "text": "a", "column 3": "x", "n": 1},
        {"id": 8, "text": "b", "column 3": None, "n": 2.5},
        None,
    ]
    assert [(row.line, row.reason) for row in rows] == [(2, None), (4, None), (5, "wrong_columns")]
    assert notes == ("sheet 'rows'; not read: notes",)


def test_an_empty_file_has_no_rows() -> None:
    for name, body in (
        ("a.csv", b""),
        ("a.jsonl", b"\n\n"),
        ("a.json", b"[]"),
        ("a.json", b" "),
        ("a.csv", codecs.BOM_UTF8),
    ):
        assert read(name, body)[:2] == ([], [])


def test_bytes_in_parquet_that_are_text_are_text_at_any_depth() -> None:
    frame = pl.DataFrame({"t": ["é".encode(), b"\xff"], "m": [[{"c": b"in"}], [{"c": b"in"}]]})
    out = io.BytesIO()
    frame.write_parquet(out)
    _, rows, _ = read("a.parquet", out.getvalue())
    assert rows[0].record == {"t": "é", "m": [{"c": "in"}]}
    assert rows[1].record == {"t": b"\xff", "m": [{"c": "in"}]}, "the ingest says what becomes of it"
