"""A CSV's records come with their line; no row is swallowed by a quote."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.files import RawRow, opened


def read(folder: Path, body: str | bytes, name: str = "rows.csv") -> tuple[list[str], list[RawRow], tuple[str, ...]]:
    path = folder / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    with opened(path) as table:
        return table.columns(), list(table.rows()), table.notes


def places(rows: list[RawRow]) -> list[tuple[int, str | None]]:
    return [(row.line, row.reason) for row in rows]


def test_a_quote_that_swallows_a_row_is_named_and_the_rows_after_it_are_read(tmp_path: Path) -> None:
    body = 'id,text,label\n1,"height 5\' 7"",a\n2,width 10",b\n3,"plain",a\n4,the last row,b\n'
    _, rows, _ = read(tmp_path, body)
    assert places(rows) == [(2, "malformed_csv"), (3, None), (4, None), (5, None)]
    assert "a quote is opened on line 2 and closed on line 3 only" in (rows[0].detail or "")


def test_a_quote_that_nothing_closes_is_named_where_it_was_opened(tmp_path: Path) -> None:
    for body in (
        'id,text,label\n1,"never closed,a\n2,x,b\n3,y,b\n',
        'id,text,label\n1,"closed by chance,a\n2,x",b\n3,y,b\n4,z,a\n',
        'id,text,label\n1,"then a good one,a\n2,"x",b\n3,y,b\n',
    ):
        _, rows, _ = read(tmp_path, body)
        assert places(rows)[:3] == [(2, "malformed_csv"), (3, None), (4, None)]
        assert "a quote is opened on line 2" in (rows[0].detail or "")


def test_a_text_of_several_lines_stays_one_text(tmp_path: Path) -> None:
    texts = ["Dear all, thanks\nbest, Ana", 'He said ""hi"", then\n2 things, all good', "a,b\r\nc,d", "one\n\n\ntwo"]
    body = "id,text,label\nr1,plain,a\n" + "".join(f'r{n},"{t}",b\n' for n, t in enumerate(texts, start=2))
    _, rows, _ = read(tmp_path, body)
    assert [row.record["text"] for row in rows if row.record] == ["plain", *(t.replace('""', '"') for t in texts)]


TEXT = st.text(st.sampled_from('ab ,;"\n\t7'), max_size=20)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=6), st.sampled_from(",;\t|"))
def test_what_a_csv_writer_writes_is_read_or_named_by_its_line(texts: list[str], sign: str) -> None:
    import tempfile

    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=sign)
    writer.writerow(["id", "text", "label", "more"])
    writer.writerows([f"row-{n}", text, "yes", "z"] for n, text in enumerate(texts))
    with tempfile.TemporaryDirectory() as folder:
        _, rows, _ = read(Path(folder), out.getvalue())
    assert [row.record["text"] if row.record else None for row in rows] == texts


@pytest.mark.parametrize(
    ("header", "row", "columns"),
    [
        (
            'id;"text, as the user wrote it, raw";label',
            "1;hello, you;a",
            ["id", "text, as the user wrote it, raw", "label"],
        ),
        ("id;text;ratio", "1;hello, you;0,5", ["id", "text", "ratio"]),
        ("id; text ;label", "1;hello;a", ["id", "text", "label"]),
        (",text,", "0,hello,0.5", ["column 1", "text", "column 3"]),
        ('"a ""quoted"" name",b', "hello,1", ['a "quoted" name', "b"]),
        ("text", "hello", ["text"]),
    ],
)
def test_the_columns_are_what_the_header_says(tmp_path: Path, header: str, row: str, columns: list[str]) -> None:
    found, rows, notes = read(tmp_path, f"{header}\n{row}\n{row}\n")
    assert found == columns
    assert [len(r.record or ()) for r in rows] == [len(columns)] * 2
    assert notes == (("columns without a name: column 1, column 3",) if "column 1" in columns else ())


def test_separators_at_the_end_of_a_row_are_no_columns(tmp_path: Path) -> None:
    _, rows, _ = read(tmp_path, "id,text\n1,a,,\n2,b\n3,c,,x\n")
    assert places(rows) == [(2, None), (3, None), (4, "wrong_columns")]
    assert rows[0].record == {"id": "1", "text": "a"}
