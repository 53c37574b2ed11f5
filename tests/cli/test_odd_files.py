"""Files as they should not be: nothing of them is lost or altered in silence, and each ends with a sentence."""

import gzip
import json
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from tests.cli.command import TASK, Answer, Curator

ROWS = [
    {"id": "1", "text": "where is it", "label": "delivery"},
    {"id": "2", "text": "money back", "label": "refund"},
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
TABLE = b"id,text,label\n1,where is it,delivery\n2,money back,refund\n"


@pytest.fixture
def curator(tmp_path: Path) -> Curator:
    (tmp_path / "task.toml").write_text(TASK, encoding="utf-8")
    made = Curator(tmp_path / "project")
    made.ok("init", tmp_path / "project")
    made.ok("dataset", "create", "support", "--task", tmp_path / "task.toml")
    return made


def read(curator: Curator, file: Path) -> Answer:
    return curator("ingest", file, "--dataset", "support", "--source", "teacher", "--labeler", "t")


def rows_in(curator: Curator, folder: Path) -> list[dict[str, Any]]:
    out = folder / "out.jsonl"
    curator.ok("export", "--dataset", "support", "--out", out)
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def workbook(path: Path, *rows: list[Any]) -> Path:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b""),
        ("a.json", b""),
        ("a.jsonl", b" \n \n"),
        ("a.csv", b"\xef\xbb\xbf"),
        ("a.csv", b"id,text,label\n"),
        ("a.json", b"[]"),
    ],
)
def test_a_file_without_a_row_ends_with_1_and_says_so(curator: Curator, tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    answer = read(curator, tmp_path / name)
    assert answer.code == 1
    assert (answer.json["rows"], answer.json["notes"][0]) == (0, f"{name} holds no row")


def test_tables_without_a_row_end_with_1_and_say_so(curator: Curator, tmp_path: Path) -> None:
    pl.DataFrame({"text": [], "label": []}, schema={"text": pl.String, "label": pl.String}).write_parquet(
        tmp_path / "a.parquet"
    )
    for file in (tmp_path / "a.parquet", workbook(tmp_path / "a.xlsx")):
        answer = read(curator, file)
        assert (answer.code, answer.json["notes"][0]) == (1, f"{file.name} holds no row")


@pytest.mark.parametrize(
    ("name", "data", "note"),
    [
        ("a.csv", b"\n\n" + TABLE, "a.csv: the header is on line 3; what stands above it is empty"),
        (
            "a.csv",
            b";;\r\n" + TABLE.replace(b",", b";"),
            "a.csv: the header is on line 2; what stands above it is empty",
        ),
        ("a.jsonl.gz", LINES, "a.jsonl.gz: it is not packed, though its name ends in .gz"),
        ("a.csv.zst", TABLE, "a.csv.zst: it is not packed, though its name ends in .zst"),
        (
            "a.jsonl",
            LINES.replace(b"}\n", b"},\n"),
            "a.jsonl: a comma stands behind an object, as in a list, 2 times; nothing is missing there",
        ),
    ],
)
def test_what_can_be_read_is_read_and_told(curator: Curator, tmp_path: Path, name: str, data: bytes, note: str) -> None:
    (tmp_path / name).write_bytes(data)
    answer = read(curator, tmp_path / name)
    assert (answer.code, answer.json["added"], answer.json["rejected"]) == (0, 2, 0)
    assert note in answer.json["notes"]
    assert [{key: row[key] for key in ("id", "text", "label")} for row in rows_in(curator, tmp_path)] == ROWS


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.jsonl", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a.jsonl is a picture and holds no rows"),
        ("a.csv", b"SQLite format 3\0" + bytes(400), "a.csv is a database of SQLite and holds no rows"),
        ("a.csv", b"\n<!DOCTYPE html>\n<p>Sign in</p>\n", "a.csv is a web page (was a download refused?)"),
        ("a.json", b"%PDF-1.7\n", "a.json is a PDF and holds no rows"),
        ("a.jsonl.gz", gzip.compress(gzip.compress(LINES)), "a.jsonl.gz is packed twice: it holds another gz"),
        ("a.csv", b"x\x01y,b\n1,2\n", "the file has x\\x01y, b; name it with"),
    ],
)
def test_what_holds_no_rows_is_refused_by_what_it_is(
    curator: Curator, tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(data)
    answer = read(curator, tmp_path / name)
    assert answer.code == 2
    assert words in answer.json["error"]


@pytest.mark.parametrize("encoding", ["cp1250", "gb18030", "shift_jis"])
def test_a_text_in_another_encoding_is_read_once_it_is_named(curator: Curator, tmp_path: Path, encoding: str) -> None:
    word = {"cp1250": "kůň", "gb18030": "你好", "shift_jis": "データ"}[encoding]
    lines = "".join(f"{n},{word} {n},refund\n" for n in range(4))
    (tmp_path / "a.csv").write_bytes(f"id,text,label\n{lines}".encode(encoding))
    refused = read(curator, tmp_path / "a.csv")
    assert refused.code == 2
    assert f"{encoding}" in refused.json["error"]
    told = curator.ok("ingest", tmp_path / "a.csv", "--dataset", "support", "--encoding", encoding)
    assert told["added"] == 4
    assert [row["text"] for row in rows_in(curator, tmp_path)] == [f"{word} {n}" for n in range(4)]


def test_a_formula_that_nobody_has_worked_out_is_told_by_column_and_row(curator: Curator, tmp_path: Path) -> None:
    file = workbook(
        tmp_path / "a.xlsx", ["id", "text", "label", "n"], ["1", "x", "refund", "=1+1"], ["2", "y", "refund", 7]
    )
    answer = read(curator, file)
    assert (answer.code, answer.json["added"]) == (0, 2)
    (note,) = [each for each in answer.json["notes"] if "formula" in each]
    assert note.startswith("column 'n' holds a formula without a stored value, which is left out")
    assert note.endswith("(1 rows, first a.xlsx line 2)")
    assert [row.get("n") for row in rows_in(curator, tmp_path)] == [None, 7]
