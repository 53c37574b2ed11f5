"""Patterns, folders, archives and saved Hugging Face datasets are the files in them, with what their place says."""

import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from curator.errors import NotFoundError, RequestError
from pipelines.files import gathered, opened


def names(*paths: Path) -> list[tuple[str, str | None]]:
    with gathered(paths) as files:
        return [(each.name, each.split) for each in files]


def row(path: Path, text: str = "hi") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"text": text}) + "\n")
    return path


def test_a_folder_is_its_data_files_and_their_names_say_the_split(tmp_path: Path) -> None:
    for name in ("train-00000-of-00001.jsonl", "data/validation.jsonl", "test/part.jsonl", "more.jsonl", ".x.jsonl"):
        row(tmp_path / name)
    (tmp_path / "README.md").write_text("words")
    assert names(tmp_path) == [
        ("data/validation.jsonl", "validation"),
        ("more.jsonl", None),
        ("test/part.jsonl", "test"),
        ("train-00000-of-00001.jsonl", "train"),
    ]
    assert names(tmp_path / "*.jsonl") == [("more.jsonl", None), ("train-00000-of-00001.jsonl", None)]
    with pytest.raises(NotFoundError, match="no file matches"):
        names(tmp_path / "*.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RequestError, match="holds no data file"):
        names(tmp_path / "empty")


def test_a_zip_of_several_files_is_a_folder_and_nothing_of_it_leaves_its_room(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.writestr("train.jsonl", '{"text": "one"}\n')
        archive.writestr("../../evil.jsonl", '{"text": "two"}\n')
        archive.writestr("notes.md", "words")
    with gathered([tmp_path / "both.zip"]) as files:
        assert [each.name for each in files] == ["both.zip/evil.jsonl", "both.zip/train.jsonl"]
        texts = []
        for each in files:
            with opened(each.path) as table:
                texts += [(r.record or {})["text"] for r in table.rows()]
    assert texts == ["two", "one"]
    assert not list(tmp_path.parent.glob("evil.jsonl"))


def test_a_release_is_no_folder_of_rows_as_it_holds_them_once_for_each_format(tmp_path: Path) -> None:
    row(tmp_path / "openai/sft/train.jsonl")
    row(tmp_path / "trl/sft/train.jsonl")
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(RequestError, match="name one of its folders: openai, trl"):
        names(tmp_path)
    assert names(tmp_path / "trl") == [("sft/train.jsonl", "train")]


def test_a_dataset_that_was_saved_to_disk_is_its_arrow_files(tmp_path: Path) -> None:
    folder = tmp_path / "saved" / "test"
    folder.mkdir(parents=True)
    table = pa.table({"text": ["one", "two"], "n": [1, 2]})
    with pa.OSFile(str(folder / "data-0.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-0.arrow"}]}))
    (folder / "dataset_info.json").write_text("{}")
    (tmp_path / "saved" / "dataset_dict.json").write_text(json.dumps({"splits": ["test"]}))
    with gathered([tmp_path / "saved"]) as files:
        (file,) = files
        assert (file.name, file.split) == ("test/data-0.arrow", "test")
        with opened(file.path) as opened_table:
            assert [r.record for r in opened_table.rows()] == [{"text": "one", "n": 1}, {"text": "two", "n": 2}]
    (folder / "data-0.arrow").write_bytes(b"no arrow")
    with (
        gathered([folder]) as files,
        pytest.raises(RequestError, match="cannot be read as Arrow"),
        opened(files[0].path),
    ):
        pass
