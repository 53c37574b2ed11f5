"""A release is read by the trainers' own loaders before it is called valid; the manifest keeps what they made of it."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

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


_TINY = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("script", sys.argv[1])
script = importlib.util.module_from_spec(spec); spec.loader.exec_module(script)
from pathlib import Path
print(script._model(script._tokenizer(), Path(sys.argv[2]) / "x"))
"""


@pytest.mark.slow
@pytest.mark.parametrize("format", ["trl"])
def test_the_script_beside_the_files_trains_on_them(store: Store, tmp_path: Path, format: str) -> None:
    if not loaders.python().exists():
        pytest.skip("the trainers' loaders are not installed; run `curator doctor --loaders`")
    report = _release(store, tmp_path / "releases", format, prover=None)
    assert report.path is not None
    command = [str(loaders.python()), "-W", "ignore"]
    quiet = {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "1"}
    made = subprocess.run(
        [*command, "-c", _TINY, str(loaders.SCRIPT), str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        env=quiet,
    )
    before = (tmp_path / "model" / "model.safetensors").read_bytes()
    script = Path(report.path) / format / "train-sft.py"
    done = subprocess.run(
        [*command, str(script), made.stdout.split()[-1]], capture_output=True, text=True, env=quiet, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (state,) = (tmp_path / "saves" / "sft").glob("checkpoint-*/trainer_state.json")
    assert json.loads(state.read_text())["global_step"] >= 2
    assert (tmp_path / "saves" / "sft" / "model.safetensors").read_bytes() != before


def test_every_configuration_beside_the_files_can_be_read(store: Store, tmp_path: Path) -> None:
    formats = ("trl", "axolotl", "llama-factory", "ms-swift", "torchtune", "kto")
    config = release.ReleaseConfig("d", formats=formats, waive=("contradictions", "content", "carried"), why="a test")
    report = release.run(config, store, tmp_path / "releases")
    assert report.path is not None
    folder, read = Path(report.path), 0
    for path in sorted(folder.rglob("train-*")):
        text, read = path.read_text(), read + 1
        if path.suffix == ".py":
            compile(text, path.name, "exec")
        elif path.suffix == ".sh":
            subprocess.run(["sh", "-n", str(path)], check=True)
        else:
            settings = yaml.safe_load(text)
            for data in settings["datasets"] if "datasets" in settings else [settings.get("dataset")]:
                if isinstance(data, dict):
                    assert (path.parent / (data.get("path") or data["data_files"])).is_file()
                else:  # LLaMA-Factory's, by its name in the index beside it
                    index = json.loads((path.parent / "dataset_info.json").read_text())
                    assert (path.parent / index[data]["file_name"]).is_file()
    assert read >= 5
