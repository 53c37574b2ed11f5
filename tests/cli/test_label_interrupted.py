"""A labelling that is interrupted from outside has paid for nothing that it does not keep."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.cli import main
from storage.dataset import attempts, labels
from storage.engine.store import Store
from tests.pipelines.intake.fake_openai import KEY, FakeOpenAI, serve
from tests.places import ROOT

ROWS = 200


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "task.toml").write_text('name = "t"\nkind = "classification"\nlabels = ["a", "b"]\n')
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"id": n, "text": f"row {n}"}) + "\n" for n in range(ROWS)))
    made = tmp_path / "project"
    for words in (
        ["init", str(made)],
        ["dataset", "create", "d", "--task", str(tmp_path / "task.toml"), "--project", str(made)],
        ["ingest", str(tmp_path / "rows.jsonl"), "--dataset", "d", "--project", str(made)],
    ):
        assert main(words) == 0
    return made


def _label(project: Path, fake: FakeOpenAI) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "pipelines.cli", "label", "--dataset", "d", "--teacher", "tiny"]
    environment = {**os.environ, "OPENAI_BASE_URL": fake.url, "OPENAI_API_KEY": KEY, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*command, "--project", str(project)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _slowly(text: str, before: int) -> tuple[int, str]:
    time.sleep(0.05)
    return 200, "a"


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_answer_that_was_received_is_asked_for_again(project: Path, how: signal.Signals) -> None:
    store = Store(project / "curator.duckdb")
    with serve(_slowly) as fake:
        running = _label(project, fake)
        while fake.asked.total() < ROWS // 4 and running.poll() is None:
            time.sleep(0.01)
        running.send_signal(how)
        running.wait(60)
        before = dict(fake.asked)
        assert len(before) < ROWS, "it was interrupted before its end"
        assert _label(project, fake).wait(300) == 0
        again = {text for text, n in fake.asked.items() if n > 1}
    assert labels.frame(store, "d").height == ROWS == attempts.frame(store, "d").height
    # By force, requests under way may have been answered unheard: they are the only ones, and carry the same key.
    assert len(again) <= (0 if how is signal.SIGINT else 8)
