"""A version of the first layout is made again to the byte: these hashes are of what it wrote."""

import hashlib

import pytest

from curator.records import answer_turn, canonical_json
from curator.release import companions, croissant, file_fact, readme
from curator.release.formats import cannot_carry, render
from curator.release.layout_one import FIRST_FORMATS
from curator.release.rows import DpoRow, SftRow
from tests.curator.manifest_parts import make
from tests.curator.release.layout_one_rows import ANSWERS, PROMPTS, TOOLS

WRITTEN = {
    "tinker/sft/train.jsonl": "8f71cf24a91ffafc",
    "tinker/dpo/train.jsonl": "bc0c0bcadd3fec1d",
    "openai/sft/train.jsonl": "54989837ee2e7057",
    "openai/dpo/train.jsonl": "0da2bb7b7a5cef66",
    "together/sft/train.jsonl": "a9f85a178c009d37",
    "together/dpo/train.jsonl": "3909ad9542ded388",
    "trl/sft/train.jsonl": "f4be25aabc013ff4",
    "trl/dpo/train.jsonl": "6d408ff6b3398e4b",
    "axolotl/sft/train.jsonl": "975b6254ccd10271",
    "axolotl/dpo/train.jsonl": "4fb9b19ce8bc0067",
    "llama-factory/sft/train.jsonl": "8f71cf24a91ffafc",
    "llama-factory/dpo/train.jsonl": "4f38e75ff4f43d4a",
    "mistral/sft/train.jsonl": "08e66c66e347242a",
    "parquet/sft/train.parquet": "548e91c6ac6d3b82",
    "parquet/dpo/train.parquet": "1ad4112be0c9c828",
}
CARDS = {
    "README.md": "00c087d355550158",
    "croissant.json": "4beb7c6d675edf6c",
    "llama-factory/dataset_info.json": "89377f955e5717a8",
}


def rows_of(format, stage):
    rows = []
    for name, prompt in PROMPTS.items():
        tools = TOOLS if name == "called" else None
        if stage == "sft":
            row = SftRow(name, (*prompt, answer_turn(ANSWERS[name])), tools)
        else:
            row = DpoRow(name, prompt, ANSWERS[name], "no", tools)
        if cannot_carry(format, row, 1) is None:
            rows.append(row)
    return rows


def short(data):
    return hashlib.sha256(data).hexdigest()[:16]


@pytest.fixture(scope="module")
def written():
    """Path -> bytes, and rows by path."""
    made, rows = {}, {}
    for name, each in FIRST_FORMATS.items():
        for stage in each.stages:
            kept = rows_of(name, stage)
            path, data = render(name, stage, "train", kept, 1)
            made[path], rows[path] = data, len(kept)
    return made, rows


def test_its_files_have_the_bytes_that_they_had(written):
    assert {path: short(data) for path, data in written[0].items()} == WRITTEN


def test_its_cards_have_the_bytes_that_they_had(written):
    files, rows = written
    gates = [{"name": "a", "passed": None, "why": "open"}, {"name": "b", "passed": True, "why": ""}]
    facts = [file_fact(path, data, rows[path]) for path, data in files.items()]
    manifest = make(files=facts, settings={"formats": list(FIRST_FORMATS)}, gates=gates)
    assert manifest.settings.layout == 1
    made = {"README.md": readme(manifest).encode(), "croissant.json": canonical_json(croissant(manifest))}
    assert {path: short(data) for path, data in (made | companions(manifest)).items()} == CARDS
