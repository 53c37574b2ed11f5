"""Good rows are in; every other row has a reason, a file and a line, and is kept."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curator.errors import NotFoundError, RequestError
from curator.records import make_task
from pipelines.files import MAX_LINE, read_rows
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig, IngestReport
from storage.dataset import datasets, examples, labels
from storage.engine.store import Store

BOM = b"\xef\xbb\xbf"


@pytest.fixture
def ready(store: Store) -> Store:
    datasets.create(store, "d", make_task({"name": "t", "labels": ["a", "b"]}))
    return store


def take(store: Store, *files: Path, **more: Any) -> IngestReport:
    return ingest.run(IngestConfig("d", files, **more), store)


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def texts(store: Store) -> list[str]:
    return examples.frame(store, "d")["text"].to_list()


def rejects(report: IngestReport) -> list[dict[str, Any]]:
    assert report.rejects_file is not None
    return [json.loads(line) for line in Path(report.rejects_file).read_text().splitlines()]


def reasons(report: IngestReport) -> dict[int, str]:
    return {r["line"]: r["reason"] for r in rejects(report)}


def test_each_bad_line_of_json_has_its_reason_and_the_good_ones_are_in(ready: Store, tmp_path: Path) -> None:
    huge = b'{"text": "' + b"x" * MAX_LINE + b'"}'
    lines = [
        BOM + b'{"id": 1, "text": "first", "label": "a"}',
        b'{"id": 2, "text": "unfinished',
        b'{"id": 3, "text": "caf\xe9"}',
        b"",
        b'{"id": 4, "text": "   "}',
        b'{"id": 5, "text": "x", "label": "zebra"}',
        b'{"id": 1, "text": "first again"}',
        huge,
        b'{"id": 7, "text": "half \\ud83d a pair"}',
        b'{"id": 8, "text": "x", "confidence": NaN}',
        b'["id", 9]',
        b"   ",
        b'{"id": 10, "label": "a"}',
        b'{"id": 11, "text": "late column", "group": "g"}\r',
        b'{"id": 12, "text": "nul \\u0000 inside"}',
        '{"id": 13, "text": "last, without a new line ✓"}'.encode(),
    ]
    report = take(ready, write(tmp_path, "rows.jsonl", b"\n".join(lines)))
    assert reasons(report) == {
        2: "malformed_json",
        3: "invalid_utf8",
        5: "empty_text",
        6: "unknown_label",
        7: "duplicate_id",
        8: "line_too_long",
        9: "malformed_json",
        10: "malformed_json",
        11: "not_an_object",
        13: "missing_input",
    }
    assert texts(ready) == ["first", "late column", "nul \x00 inside", "last, without a new line ✓"]
    assert (report.added, report.rejected, report.labels_added) == (4, 10, 1)
    assert sum(report.by_reason.values()) == 10
    assert report.notes[0] == "byte order mark removed (1 rows, first rows.jsonl line 1)"
    kept = {r["line"]: r for r in rejects(report)}
    assert kept[2]["raw"] == '{"id": 2, "text": "unfinished'
    assert kept[3]["raw"] == '{"id": 3, "text": "caf\\xe9"}'
    assert json.loads(kept[6]["raw"]) == {"id": 5, "text": "x", "label": "zebra"}
    assert {r["file"] for r in kept.values()} == {"rows.jsonl"}
    assert all(r["detail"] for r in kept.values())
    assert examples.frame(ready, "d")["group"].to_list() == [None, "g", None, None]


def test_each_bad_row_of_a_csv_has_its_reason_and_line(ready: Store, tmp_path: Path) -> None:
    body = (
        BOM + b'id,text,label\r\n1,"two\r\nlines",a\r\n2,too few\r\n3,x,a,extra\r\n\r\n4,caf\xe9,a\r\n'
        b'5,"quote ""inside""",b\r\n6,,a\r\n7,"stray" quote,a\r\n8,fine,a\r\n9,"never closed,b\r\n10,after it,b'
    )
    report = take(ready, write(tmp_path, "rows.csv", body))
    assert reasons(report) == {
        4: "wrong_columns",
        5: "wrong_columns",
        7: "invalid_utf8",
        9: "empty_text",
        10: "malformed_csv",
        12: "malformed_csv",
    }
    assert texts(ready) == ["two\r\nlines", 'quote "inside"', "fine", "after it"]
    raw = {r["line"]: r["raw"] for r in rejects(report)}
    assert raw[4] == "2,too few"
    assert raw[7] == "4,caf\\xe9,a"
    assert raw[12] == '9,"never closed,b'
    assert examples.frame(ready, "d")["external_id"].to_list() == ["1", "5", "8", "10"]


def test_a_huge_field_of_a_csv_is_one_reject_and_the_rest_is_read(ready: Store, tmp_path: Path) -> None:
    body = b"text\n" + b"x" * (MAX_LINE + 10) + b"\nfine\n"
    report = take(ready, write(tmp_path, "rows.csv", body))
    assert reasons(report) == {2: "malformed_csv"}
    assert texts(ready) == ["fine"]


def test_a_csv_whose_rows_are_all_bad_is_reported_not_refused(ready: Store, tmp_path: Path) -> None:
    report = take(ready, write(tmp_path, "rows.csv", "id,text\n1\n2\n"))
    assert report.by_reason == {"wrong_columns": 2}


def test_a_file_of_malformed_lines_alone_is_reported_line_by_line(ready: Store, tmp_path: Path) -> None:
    report = take(ready, write(tmp_path, "rows.jsonl", "nonsense\n{\n"))
    assert reasons(report) == {1: "malformed_json", 2: "malformed_json"}


def test_an_empty_file_adds_nothing(ready: Store, tmp_path: Path) -> None:
    for name in ("rows.jsonl", "rows.csv"):
        report = take(ready, write(tmp_path, name, b""))
        assert (report.added, report.rejected, report.rejects_file) == (0, 0, None)


@pytest.mark.parametrize(
    ("name", "body", "problem"),
    [
        ("x.csv", b"id,text,text\n1,a,b\n", "'text' stands twice in the header"),
        ("x.csv", b"id,te\xffxt\n1,a\n", "header is not UTF-8"),
        ("x.csv", b'id,"text\n1,a\n', "header cannot be read"),
        ("x.csv", b"foo,bar\n1,a\n", "cannot tell which column is the input"),
        ("x.parquet", b"PAR1 nonsense", "cannot be read as Parquet"),
        ("x.xlsx", b"PK", "cannot be read as an Excel workbook"),
        ("x.txt", b"hello", "extension '.txt' is unknown"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_refused_and_nothing_is_in(
    ready: Store, tmp_path: Path, name: str, body: bytes, problem: str
) -> None:
    with pytest.raises(RequestError, match=problem):
        take(ready, write(tmp_path, name, body))
    assert texts(ready) == []


def test_a_missing_file_is_told_before_any_is_read(ready: Store, tmp_path: Path) -> None:
    good = write(tmp_path, "good.jsonl", '{"text": "fine"}')
    with pytest.raises(NotFoundError, match=r"no file .*none\.jsonl"):
        take(ready, good, tmp_path / "none.jsonl")
    assert texts(ready) == []
    with pytest.raises(NotFoundError):
        list(read_rows(tmp_path))


def test_tabs_separate_a_tsv(ready: Store, tmp_path: Path) -> None:
    take(ready, write(tmp_path, "rows.tsv", 'id\ttext\n1\tone, with a comma\n2\t"tab\there"\n'))
    assert texts(ready) == ["one, with a comma", "tab\there"]


def test_columns_are_mapped_as_asked(ready: Store, tmp_path: Path) -> None:
    body = "key,thread,part,who,p,body,category,when\nk1,g1,test,ana,0.9,hello,a,2026-01-02\n"
    mapping = {
        "input": "body", "label": "category", "id": "key", "group": "thread",
        "split": "part", "labeler": "who", "confidence": "p", "time": "when",
    }  # fmt: skip
    report = take(ready, write(tmp_path, "rows.csv", body), mapping=mapping, source="expert")
    row = examples.frame(ready, "d").row(0, named=True)
    assert (row["external_id"], row["text"], row["group"], row["requested_split"]) == ("k1", "hello", "g1", "test")
    assert (row["source"], row["occurred"]) == ("expert", "2026-01-02")
    label = labels.frame(ready, "d").row(0, named=True)
    assert (label["labeler"], label["kind"], label["value"], label["confidence"]) == ("ana", "human", "a", 0.9)
    assert report.labels_added == 1


def test_a_label_column_that_only_late_rows_have_is_read(ready: Store, tmp_path: Path) -> None:
    rows = [{"id": n, "text": f"row {n}"} for n in range(1500)] + [{"id": 1500, "text": "last", "label": "a"}]
    report = take(ready, write(tmp_path, "rows.jsonl", "\n".join(map(json.dumps, rows))))
    assert (report.added, report.labels_added) == (1501, 1)


def test_chat_messages_are_read_from_json_and_parquet(ready: Store, tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "a"}]
    take(ready, write(tmp_path, "chat.jsonl", json.dumps({"id": "j", "messages": turns})))
    pl.DataFrame({"id": ["p"], "messages": [turns]}).write_parquet(tmp_path / "chat.parquet")
    take(ready, tmp_path / "chat.parquet")
    assert texts(ready) == ["hello", "hello"]
    assert labels.frame(ready, "d")["value"].to_list() == ["a", "a"]
    stored = examples.frame(ready, "d")["messages"].to_list()
    assert [m.role for m in examples.parse_messages(stored[1])] == ["user"]


def test_a_parquet_file_keeps_its_rows_and_rejects_its_gaps(ready: Store, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"id": [1, 2, 3, 4], "text": ["one", None, "three", "four"], "label": ["a", "a", "c", None],
         "confidence": [0.5, 0.5, 0.5, float("nan")]}
    )  # fmt: skip
    frame.write_parquet(tmp_path / "rows.parquet")
    report = take(ready, tmp_path / "rows.parquet", labeler="gpt")
    assert reasons(report) == {2: "missing_input", 3: "unknown_label"}
    assert texts(ready) == ["one", "four"]
    assert labels.labelers(ready, "d") == ["gpt"]


def test_reading_a_file_twice_adds_nothing(ready: Store, tmp_path: Path) -> None:
    body = '{"text": "no id", "label": "a"}\n{"id": "x", "text": "with id", "label": "b"}\nbad\n'
    path = write(tmp_path, "rows.jsonl", body)
    first, again = take(ready, path), take(ready, path)
    assert (first.added, first.labels_added, first.unchanged) == (2, 2, 0)
    assert (again.added, again.labels_added, again.unchanged) == (0, 0, 2)
    assert first.rejects_file == again.rejects_file
    assert examples.frame(ready, "d").height == labels.frame(ready, "d").height == 2


def test_an_id_with_another_text_is_refused_and_the_first_text_stays(ready: Store, tmp_path: Path) -> None:
    take(ready, write(tmp_path, "one.jsonl", '{"id": "x", "text": "the first"}'))
    report = take(ready, write(tmp_path, "two.jsonl", '{"id": "x", "text": "another"}\n{"id": "y", "text": "new"}'))
    assert report.by_reason == {"id_conflict": 1}
    assert texts(ready) == ["the first", "new"]


def test_rows_with_equal_text_stay_separate_rows(ready: Store, tmp_path: Path) -> None:
    take(ready, write(tmp_path, "rows.jsonl", '{"text": "same"}\n{"text": "same"}\n'))
    rows = examples.frame(ready, "d")
    assert rows.height == 2
    assert rows["content_hash"].n_unique() == 1


def test_a_newer_label_of_the_same_labeler_is_added_beside_the_old(ready: Store, tmp_path: Path) -> None:
    take(ready, write(tmp_path, "one.jsonl", '{"id": "x", "text": "t", "label": "a"}'), labeler="gpt")
    report = take(ready, write(tmp_path, "two.jsonl", '{"id": "x", "text": "t", "label": "b"}'), labeler="gpt")
    assert (report.added, report.unchanged, report.labels_added) == (0, 1, 1)
    assert labels.frame(ready, "d")["value"].to_list() == ["a", "b"]


def test_a_killed_ingest_goes_on_where_it_was(ready: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"id": n, "text": f"row {n}", "label": "ab"[n % 2]} for n in range(450)]
    path = write(tmp_path, "rows.jsonl", "\n".join(map(json.dumps, rows)))
    monkeypatch.setattr(ingest, "BATCH_ROWS", 100)
    real, calls = labels.add, []

    def killed(*arguments: Any, **more: Any) -> int:
        calls.append(1)
        if len(calls) == 3:  # examples of the third chunk are in, their labels are not
            raise KeyboardInterrupt
        return real(*arguments, **more)

    monkeypatch.setattr(labels, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        take(ready, path)
    assert len(texts(ready)) == 300
    assert labels.frame(ready, "d").height == 200
    report = take(ready, path)
    assert (report.added, report.unchanged, report.labels_added) == (150, 300, 250)
    assert labels.frame(ready, "d").height == examples.frame(ready, "d").height == 450
    assert labels.frame(ready, "d")["example_id"].n_unique() == 450


def test_rejects_of_several_files_are_in_one_file(ready: Store, tmp_path: Path) -> None:
    one, two = write(tmp_path, "one.jsonl", '{"text": ""}'), write(tmp_path, "two.jsonl", 'nonsense\n{"text": "x"}')
    report = take(ready, one, two)
    assert [(r["file"], r["line"], r["reason"]) for r in rejects(report)] == [
        ("one.jsonl", 1, "empty_text"),
        ("two.jsonl", 1, "malformed_json"),
    ]
    assert len(list((ready.folder / "rejects").iterdir())) == 1


def test_a_csv_may_be_separated_by_semicolons_or_tabs(ready: Store, tmp_path: Path) -> None:
    take(ready, write(tmp_path, "semi.csv", 'id;text;label\n1;"Größe; bitte";a\n2;one, two;a\n'))
    take(
        ready,
        write(tmp_path, "tabs.csv", "id\ttext, as it came\tlabel\n3\tthree\ta\n"),
        mapping={"input": "text, as it came"},
    )
    assert texts(ready) == ["Größe; bitte", "one, two", "three"]


def test_a_file_may_be_one_json_array(ready: Store, tmp_path: Path) -> None:
    rows = [{"id": 1, "text": "one", "label": "a"}, ["no object"], {"id": 2, "text": "two\nlines"}]
    report = take(ready, write(tmp_path, "rows.json", "\ufeff " + json.dumps(rows, indent=2)))
    assert texts(ready) == ["one", "two\nlines"]
    assert reasons(report) == {2: "not_an_object"}
    assert json.loads(rejects(report)[0]["raw"]) == ["no object"]
    assert reasons(take(ready, write(tmp_path, "lines.jsonl", '["a"]\n{"text": "three"}\n'))) == {1: "not_an_object"}


def test_prompt_and_completion_are_input_and_label(ready: Store, tmp_path: Path) -> None:
    report = take(ready, write(tmp_path, "rows.jsonl", '{"prompt": "hello", "completion": "a"}\n'))
    assert (report.added, report.labels_added) == (1, 1)
    assert report.mapping == {"rows.jsonl": {"input": "prompt", "label": "completion"}}


def test_a_column_that_is_no_field_is_kept_and_named_and_a_reason_says_where_it_was_met_first(
    ready: Store, tmp_path: Path
) -> None:
    report = take(ready, write(tmp_path, "rows.csv", "id,text,length,tone\n1,,3,x\n2,fine,4,y\n3, ,4,z\n"))
    assert report.notes == (
        "rows.csv: taken by the column's name: input=text, id=id; --map id= switches one off",
        "rows.csv: kept as metadata: length (text), tone (text); --map FIELD=COLUMN makes one a field",
    )
    assert report.metadata == {"rows.csv": {"length": "text", "tone": "text"}}
    assert report.by_reason == {"empty_text": 2}
    assert report.first == {"empty_text": "rows.csv line 2: the input is empty or only white space"}


def test_a_file_with_a_line_for_each_row_and_person_says_what_it_lacks(ready: Store, tmp_path: Path) -> None:
    file = write(
        tmp_path, "crowd.csv", "id,text,label,worker\n1,hello,a,ana\n1,hello,a,ben\n2,other,a,ana\n2,changed,a,ben\n"
    )
    report = take(ready, file)
    assert [r["line"] for r in rejects(report)] == [3, 5]
    assert rejects(report)[0]["detail"].endswith("--map labeler=COLUMN")
    assert rejects(report)[1]["detail"] == "id '2' stands in this file already"
    take(ready, file, mapping={"labeler": "worker"})
    assert sorted(labels.labelers(ready, "d")) == ["ana", "ben", "import"]


def test_one_file_read_twice_at_once_doubles_no_row_and_no_label(ready: Store, tmp_path: Path) -> None:
    rows = [{"id": str(n), "text": f"row {n}", "label": "ab"[n % 2]} for n in range(900)]
    file = write(tmp_path, "rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(lambda _: take(Store(ready.path), file, labeler="ana"), range(3)))
    assert sum(report.added for report in reports) == 900
    assert sum(report.labels_added for report in reports) == 900
    assert [report.added + report.unchanged + report.rejected for report in reports] == [900] * 3
    assert len(texts(ready)) == 900
    assert labels.frame(ready, "d").height == 900


def test_a_text_that_lost_the_race_for_its_id_is_rejected_with_its_label(
    ready: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = write(tmp_path, "mine.csv", "id,text,label\n1,mine,a\n2,both,a\n")
    other = write(tmp_path, "other.csv", "id,text,label\n1,theirs,b\n2,both,b\n")
    real = examples.add

    def after_another(*arguments: Any, **more: Any) -> int:
        monkeypatch.setattr(examples, "add", real)
        take(ready, other, labeler="bo")
        return real(*arguments, **more)

    monkeypatch.setattr(examples, "add", after_another)
    report = take(ready, mine, labeler="ana")
    assert (report.added, report.unchanged, report.by_reason) == (0, 1, {"id_conflict": 1})
    assert texts(ready) == ["theirs", "both"]
    assert labels.frame(ready, "d").select("labeler", "value").rows() == [("bo", "b"), ("bo", "b"), ("ana", "a")]
