"""A release is read by the trainers' own loaders before it is called valid; the manifest keeps what they made of it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from curator.errors import RequestError
from curator.records import make_task
from curator.release import FileProof, Proof
from pipelines.adapters import loaders
from pipelines.intake import ingest
from pipelines.release import release
from storage.dataset import datasets
from storage.engine.store import Store

DATES = [f"2024-0{n % 9 + 1}-{n % 28 + 1:02}" for n in range(40)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Answers that are all dates; every third input holds an answer of the assistant that nobody labelled."""
    made = Store.create(tmp_path / "curator.duckdb")
    datasets.create(made, "d", make_task({"name": "t", "kind": "text"}))
    rows = []
    for n, date in enumerate(DATES):
        before = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": f"nobody labelled {n * 31}"}]
        asked = {"role": "user", "content": f"which day was {n * 7919} after {n * 104729}?"}
        turns = [*(before if n % 3 == 0 else []), asked, {"role": "assistant", "content": date}]
        rows.append({"id": f"q{n}", "messages": turns})
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest.run(ingest.IngestConfig("d", (tmp_path / "rows.jsonl",), labeler="t"), made)
    return made


def _release(store: Store, folder: Path, *formats: str, prover: Any = loaders.prove) -> release.ReleaseReport:
    waived = {"waive": ("contradictions", "content"), "why": "none matters here"}
    config = release.ReleaseConfig("d", formats=formats, prover=prover, **waived)  # type: ignore[arg-type]
    return release.run(config, store, folder)


def _gate(report: release.ReleaseReport, name: str) -> release.ReleaseGate:
    (gate,) = [each for each in report.gates if each.name == name]
    return gate


def test_what_a_loader_reads_otherwise_holds_the_release_back(store: Store, tmp_path: Path) -> None:
    seen: list[Mapping[str, Any]] = []

    def prove(folder: str, meant: Sequence[Mapping[str, Any]]) -> Proof:
        assert (Path(folder) / "manifest.json").is_file()
        seen.extend(meant)
        return Proof((FileProof("trl/sft/train.parquet", "trl 1", "texts", 3, ("row 1 ('q0'): other",)),))

    report = _release(store, tmp_path / "releases", "trl", prover=prove)
    assert report.version is None
    assert _gate(report, "loaders").why == "trl/sft/train.parquet by trl 1: row 1 ('q0'): other"
    assert {row["answers"][0] for row in seen} == set(DATES)
    assert not (tmp_path / "releases" / "d").exists()


def test_the_manifest_keeps_the_proof_and_a_rerun_is_the_same_version(store: Store, tmp_path: Path) -> None:
    def prove(_folder: str, meant: Sequence[Mapping[str, Any]]) -> Proof:
        paths = sorted({row["path"] for row in meant})
        return Proof((FileProof(paths[0], "trl 1", "texts", 3),), tuple(paths[1:]))

    report = _release(store, tmp_path / "releases", "trl", "openai", prover=prove)
    assert report.path is not None
    manifest = json.loads((Path(report.path) / "manifest.json").read_text())
    assert manifest["proof"]["files"][0]["loader"] == "trl 1"
    assert "by our own rules alone: " in _gate(report, "loaders").why
    again = _release(store, tmp_path / "releases", "trl", "openai", prover=prove)
    assert (again.version, again.created) == (report.version, False)
    unproved = _release(store, tmp_path / "releases", "trl", "openai", prover=None)
    assert unproved.version == "d@2"  # another statement about the same rows
    assert "no trainer's loader has read them" in _gate(unproved, "format").why


def test_without_the_loaders_the_command_that_installs_them_is_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_LOADERS", str(tmp_path / "nowhere"))
    with pytest.raises(RequestError, match="doctor --loaders"):
        _release(store, tmp_path / "releases", "trl")


@pytest.mark.slow
def test_the_real_loaders_read_dates_and_conversations_as_the_store_has_them(store: Store, tmp_path: Path) -> None:
    if not loaders.python().exists():
        pytest.skip("the trainers' loaders are not installed; `curator doctor --loaders` installs them")
    formats = ("tinker", "trl", "together", "mistral", "parquet", "axolotl", "llama-factory", "ms-swift")
    report = _release(store, tmp_path / "releases", *formats)
    gate = _gate(report, "loaders")
    assert gate.passed, gate.why
    assert report.path is not None
    proof = json.loads((Path(report.path) / "manifest.json").read_text())["proof"]
    assert proof["unread"] == []
    read = {(each["path"].split("/")[0], each["loader"].split()[0]) for each in proof["files"]}
    assert {
        ("trl", "trl"),
        ("tinker", "tinker-cookbook"),
        ("together", "together"),
        ("mistral", "mistral-common"),
    } <= read
    assert {format for format, loader in read if loader == "mlcroissant"} == set(formats)
    assert list((Path(report.path) / "trl" / "sft").glob("*.parquet"))
