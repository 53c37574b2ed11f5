import gzip
import json
from pathlib import Path

import pytest

from curator.errors import RequestError
from pipelines.intake import preview as preview_module
from pipelines.intake.first_look import look_words
from pipelines.intake.preview import keep_upload, preview, proposal_of, propose_labels, propose_schema


def csv(tmp_path: Path, rows: list[str], header: str = "id,utterance,intent") -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_preview_shows_columns_rows_and_a_mapping(tmp_path: Path) -> None:
    found = preview(csv(tmp_path, ["1,hello,greet", "2,bye,leave"]), rows=1)
    assert found.columns == ("id", "utterance", "intent")
    assert found.rows == ({"id": "1", "utterance": "hello", "intent": "greet"},)
    assert found.mapping == {"id": "id", "input": "utterance", "label": "intent"}


def test_a_file_without_a_usual_input_column_leaves_the_mapping_to_the_reader(tmp_path: Path) -> None:
    assert preview(csv(tmp_path, ["1,2"], "foo,bar")).mapping == {}


def test_a_file_without_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text("\n")
    with pytest.raises(RequestError, match="has no columns"):
        preview(path)


def test_few_distinct_values_are_proposed_as_labels_by_frequency(tmp_path: Path) -> None:
    path = csv(tmp_path, [f"{i},text {i},{'b' if i % 3 else 'a'}" for i in range(9)])
    found = propose_labels(path, "intent")
    assert found.kind == "classification"
    assert found.counts == (("b", 6), ("a", 3))


def test_answers_that_are_all_different_are_free_text_and_objects_an_extraction(tmp_path: Path) -> None:
    text = csv(tmp_path, [f"{i},text {i},answer {i}" for i in range(9)])
    assert propose_labels(text, "intent").kind == "text"
    objects = tmp_path / "rows.jsonl"
    objects.write_text("".join(f'{{"text": "t{i}", "answer": {{"total": {i}}}}}\n' for i in range(9)))
    assert propose_labels(objects, "answer").kind == "extraction"


def test_an_upload_is_kept_inside_the_project_whatever_its_name(tmp_path: Path) -> None:
    path = keep_upload(tmp_path, "../../etc/pass wd.csv", b"a,b\n1,2\n")
    assert path.is_relative_to(tmp_path / "uploads")
    assert path.name == "pass_wd.csv"
    assert keep_upload(tmp_path, "../../etc/pass wd.csv", b"a,b\n1,2\n") == path


def test_an_empty_upload_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is empty"):
        keep_upload(tmp_path, "x.csv", b"")


def test_uploads_are_kept_within_a_limit_and_one_that_is_there_needs_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_module, "KEPT", 100)
    kept = keep_upload(tmp_path, "a.csv", b"x" * 60)
    assert keep_upload(tmp_path, "a.csv", b"x" * 60) == kept
    with pytest.raises(RequestError, match="uploads of 60 bytes are kept"):
        keep_upload(tmp_path, "b.csv", b"y" * 60)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["a.csv"]


def test_an_upload_that_unfolds_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    content = gzip.compress(bytes(300 * 1024**2))
    with pytest.raises(RequestError, match="unfolds to"):
        keep_upload(tmp_path, "rows.csv.gz", content)


def test_a_preview_is_worked_out_once_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv(tmp_path, [f"{i},text {i},{'b' if i % 3 else 'a'}" for i in range(9)])
    first = preview(path), propose_labels(path, "intent")
    monkeypatch.setattr(preview_module, "opened", None)
    assert (preview(path), propose_labels(path, "intent")) == first


def test_a_file_of_another_tool_shows_what_would_come_in(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(
        '{"prompt": "q", "chosen": "good", "rejected": "bad"}\n'
        '{"prompt": "", "chosen": "good", "rejected": "bad"}\n'
        '{"prompt": "p", "chosen": "good", "rejected": ""}\n'
    )
    look = preview(path).look
    assert look is not None
    assert look_words(look) == [
        "Recognised as preference pairs (chosen and rejected): 1 rows would come in.",
        "Comparisons of two answers: 1.",
    ]
    assert [line.partition(":")[0] for line in look.refused] == ["line 2", "line 3"]
    assert look.shown[0]["comparisons"] == "good / bad: a"


def test_labels_of_another_tools_file_are_counted_by_who_gave_them(tmp_path: Path) -> None:
    path = tmp_path / "chats.jsonl"
    turn = '{"conversations": [{"from": "human", "value": "q %d"}, {"from": "gpt", "value": "%s"}], "labeler": "ana"}\n'
    path.write_text("".join(turn % (n, "ab"[n % 2]) for n in range(8)))
    look = preview(path).look
    assert look is not None
    assert (look.labels_by, look.values) == ({"ana": 8}, (("a", 4), ("b", 4)))
    assert proposal_of(look).kind == "classification"


def test_a_schema_is_proposed_from_the_answers_that_are_there() -> None:
    proposed = json.loads(propose_schema(['{"a": 1, "b": "x"}', '{"a": null}', "no JSON"]) or "")
    assert proposed == {
        "type": "object",
        "properties": {"a": {"type": ["integer", "null"]}, "b": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert propose_schema(["plain"]) is None
