"""`datasets`, by which most trainers read, loads our folders as they were written: types, texts, the right folder."""

import json
from pathlib import Path

import pytest

from curator.release import companions, file_fact, look, look_at_table, readme
from curator.release.carriage import turns_of
from curator.release.formats import render_format
from curator.release.rows import DpoRow, SftRow
from tests.curator.manifest_parts import make

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

DATES = ["2024-01-01", "2024-02-03T10:00:00", "2024-02-03 10:00:00Z"]
OTHERS = ["007", "null", "true", "[1]", '{"a": 1}', "10:00:00", "1e3", "", "NaN"]
KINDS = {"dates": DATES, "dates and others": [*DATES, *OTHERS], "others": OTHERS, "words": ["a", "b"]}


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Loads a folder by the configuration that its card names; one cache for all."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    datasets.disable_progress_bars()

    def load(folder: Path, stage="sft"):
        card = (folder / "README.md").read_text()
        names = [json.loads(line.split(": ", 1)[1]) for line in card.splitlines() if "config_name" in line]
        (name,) = [each for each in names if f"-{stage}-" in each]
        return datasets.load_dataset(str(folder), name, cache_dir=str(tmp_path / "cache"))

    return load


def write(folder, texts, formats=("trl",), name="bank"):
    """A release's files as they are written, and what was meant."""
    sft = [SftRow(f"e{n}", turns_of(("user", f"{t} " * 2), ("assistant", t or "x"))) for n, t in enumerate(texts)]
    dpo = [DpoRow(f"e{n}", turns_of(("user", t or "x")), t or "y", "not that") for n, t in enumerate(texts)]
    files = {p: d for f in formats for p, d in render_format(f, {("sft", "train"): sft, ("dpo", "train"): dpo}).items()}
    looks = {path: (look_at_table if path.endswith("parquet") else look)(data) for path, data in files.items()}
    facts = [file_fact(path, data, len(texts)) for path, data in files.items()]
    manifest = make(name=name, files=facts, looks=looks, settings={"formats": list(formats), "layout": 2})
    everything = files | {"README.md": readme(manifest).encode()} | companions(manifest)
    for path, data in everything.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return sft, dpo


@pytest.mark.parametrize("kind", KINDS)
def test_answers_of_every_kind_come_back_as_the_texts_that_they_are(load, tmp_path, kind):
    sft, dpo = write(tmp_path / "1", KINDS[kind])
    got = load(tmp_path / "1" / "trl")["train"]
    assert [row["completion"][0]["content"] for row in got] == [row.messages[-1].text for row in sft]
    pairs = load(tmp_path / "1" / "trl", "dpo")["train"]
    assert [row["prompt"][0]["content"] for row in pairs] == [row.prompt[-1].text for row in dpo]
    assert [row["chosen"][0]["content"] for row in pairs] == [row.chosen for row in dpo]
    assert [row["rejected"][0]["content"] for row in pairs] == [row.rejected for row in dpo]


def test_a_second_folder_of_the_same_name_and_a_corrected_one_load_their_own_rows(load, tmp_path):
    for project, text in (("one", "first"), ("two", "second")):
        write(tmp_path / project / "1", [text])
        assert load(tmp_path / project / "1" / "trl")["train"][0]["completion"][0]["content"] == text
    write(tmp_path / "one" / "1", ["corrected"])
    assert load(tmp_path / "one" / "1" / "trl")["train"][0]["completion"][0]["content"] == "corrected"


def test_tables_and_lines_of_one_release_load_each_from_its_own_folder(load, tmp_path):
    write(tmp_path / "1", ["a", "b"], formats=("trl", "axolotl", "parquet"))
    assert load(tmp_path / "1" / "parquet")["train"][1]["messages"][1]["content"] == "b"
    assert load(tmp_path / "1" / "axolotl")["train"][1]["messages"][1]["content"] == "b"
    pair = load(tmp_path / "1" / "parquet", "dpo")["train"][0]
    assert [pair[side][0]["role"] for side in ("chosen", "rejected")] == ["assistant", "assistant"]
    card = (tmp_path / "1" / "README.md").read_text()
    assert "trl-sft" in card
    assert "parquet-sft" not in card  # one reader for all of a folder
