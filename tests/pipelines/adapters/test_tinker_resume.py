"""A training that was killed anywhere goes on exactly: the same batches, the same losses."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.adapters.tinker import LocalTinker
from pipelines.adapters.tinker_resume import make_exact, read_lines, write_lines
from tests.pipelines.adapters.test_tinker import CORPUS, dpo_file, none, sft_file, train, trainer


def _log(folder: Path, records: list[tuple[str, int, int]], logged: int) -> Path:
    folder.mkdir()
    rows = [{"name": name, "epoch": epoch, "batch": batch, "state_path": name} for name, epoch, batch in records]
    write_lines(folder / "checkpoints.jsonl", rows)
    write_lines(folder / "metrics.jsonl", [{"step": step, "train_mean_nll": 1.0} for step in range(logged)])
    return folder


@pytest.mark.parametrize(
    ("kind", "logged", "done", "place"),
    [
        ("sft", 40, 32, (2, 8)),  # noted under step 30, with the step that was sent ahead
        ("sft", 31, 22, (1, 10)),  # the loss of a step in the newer weights was never logged
        ("sft", 5, 0, None),
        ("dpo", 40, 30, (2, 6)),
        ("dpo", 29, 20, (1, 8)),
    ],
)
def test_the_newest_checkpoint_counts_before_which_every_step_was_logged(
    tmp_path: Path, kind: str, logged: int, done: int, place: tuple[int, int] | None
) -> None:
    folder = _log(tmp_path / "log", [("10", 0, 10), ("20", 1, 8), ("30", 2, 6)], logged)
    assert make_exact(folder, kind, 12, 4) == done  # type: ignore[arg-type]
    kept = read_lines(folder / "checkpoints.jsonl")
    assert (kept[-1]["epoch"], kept[-1]["batch"]) == place if place else kept == []
    assert [row["step"] for row in read_lines(folder / "metrics.jsonl")] == list(range(done))
    before = (folder / "checkpoints.jsonl").read_bytes()
    assert make_exact(folder, kind, 12, 4) == done  # type: ignore[arg-type]
    assert (folder / "checkpoints.jsonl").read_bytes() == before


def test_weights_that_hold_every_step_need_the_last_save_alone_and_a_finished_log_is_left(tmp_path: Path) -> None:
    folder = _log(tmp_path / "log", [("23", 1, 11)], 24)
    assert make_exact(folder, "sft", 12, 2) == 24
    assert (
        read_lines(folder / "checkpoints.jsonl")[0] | {"epoch": 1, "batch": 12}
        == read_lines(folder / "checkpoints.jsonl")[0]
    )
    finished = _log(tmp_path / "other", [("20", 1, 8), ("final", 2, 0)], 24)
    before = (finished / "checkpoints.jsonl").read_bytes()
    assert make_exact(finished, "sft", 12, 2) == 24
    assert (finished / "checkpoints.jsonl").read_bytes() == before


KILLED = """
import sys
from pathlib import Path
from tests.pipelines.adapters.test_tinker import none, train, trainer, CORPUS
from curator.ports import Checkpoint
from pipelines.adapters.tinker import LocalTinker
kind, root, file, log, *start = sys.argv[1:]
with LocalTinker(Path(root), CORPUS, 0) as server:
    if kind == "sft":
        train(server, Path(file), Path(log), epochs=4)
    else:
        trainer(server).dpo(Path(file), Path(log), start=Checkpoint(*start), epochs=6, batch_size=4,
                            learning_rate=1e-4, beta=0.1, max_length=64, seed=0, progress=none)
"""


def _kill(arguments: list[str], log: Path, steps: int) -> None:
    """Run a training in a process of its own, and kill it with force once so many steps were logged."""
    child = subprocess.Popen([sys.executable, "-c", KILLED, *arguments], start_new_session=True)
    try:
        for _ in range(3000):
            if len(read_lines(log / "metrics.jsonl")) >= steps or child.poll() is not None:
                break
            time.sleep(0.02)
        assert child.poll() is None, "it ended before it could be killed"
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@pytest.mark.slow
def test_a_killed_training_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    file, root = sft_file(tmp_path / "sft.jsonl"), tmp_path / "server"
    with LocalTinker(root, CORPUS, 0) as server:
        whole = train(server, file, tmp_path / "whole", epochs=4)
    broken = tmp_path / "broken"
    for steps in (14, 27):
        _kill(["sft", str(root), str(file), str(broken)], broken, steps)
    pairs, dpo, halved = dpo_file(tmp_path / "dpo.jsonl"), tmp_path / "dpo", tmp_path / "halved"
    more = {"epochs": 6, "batch_size": 4, "learning_rate": 1e-4, "beta": 0.1, "max_length": 64, "seed": 0}
    with LocalTinker(root, CORPUS, 0) as server:
        resumed = train(server, file, broken, epochs=4)
        preferred = trainer(server).dpo(pairs, dpo, start=whole.checkpoint, progress=none, **more)
    assert resumed.steps == whole.steps == 48
    assert resumed.losses == pytest.approx(whole.losses, abs=1e-6)
    start = [whole.checkpoint.sampler_path, whole.checkpoint.state_path]
    _kill(["dpo", str(root), str(pairs), str(halved), *start], halved, 14)
    with LocalTinker(root, CORPUS, 0) as server:
        again = trainer(server).dpo(pairs, halved, start=whole.checkpoint, progress=none, **more)
    assert "Resumed" in (halved / "logs.log").read_text()
    assert again.losses == pytest.approx(preferred.losses, abs=1e-6)
    assert json.loads((halved / "training.json").read_text())["kind"] == "dpo"
