"""A column's values counted at once are those that are counted row by row."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.files import opened
from pipelines.files.csv_table import CsvReader

cells = st.text('ab",; \n\u00e9', max_size=4)


def by_row(path: Path, column: str) -> Counter[str]:
    with opened(path) as table:
        values = [str((row.record or {}).get(column) or "").strip() for row in table.rows()]
    return Counter(filter(None, values))


@given(st.lists(st.tuples(cells, cells), max_size=8), st.sampled_from([",", ";", "\t"]))
def test_counting_at_once_is_counting_row_by_row(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], sign: str
) -> None:
    path = tmp_path_factory.mktemp("counts") / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, delimiter=sign)
        writer.writerows([("text", "label"), *rows])
    wanted = by_row(path, "label")
    with opened(path) as table:
        top, values, total = table.counts("label", 100)
    assert (dict(top), values, total) == (dict(wanted), len(wanted), wanted.total())


@pytest.mark.parametrize(
    "body",
    ['a,"x\nb,x\nc,x\n', 'a,"x\ny"\nb,x\n', "a,x\nb,caf\udce9\nc,x\nd,x\ne,x\n"],
)
def test_where_rows_are_odd_the_patient_reader_counts(tmp_path: Path, body: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\n" + body, encoding="utf-8", errors="surrogateescape")
    assert CsvReader(path).counts("label", 9) is None
    with opened(path) as table:
        assert dict(table.counts("label", 9)[0]) == dict(by_row(path, "label"))


def test_the_most_frequent_come_first_and_no_more_than_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\n" + "".join(f"t{n},{'aab'[n % 3]}\nu{n},v{n}\n" for n in range(30)), encoding="utf-8")
    with opened(path) as table:
        assert table.counts("label", 2) == ([("a", 20), ("b", 10)], 32, 60)
