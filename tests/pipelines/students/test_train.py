"""A training run: recorded before its first request, returned when it was finished before, kept when it failed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curator.errors import DataError, RequestError, TrainerError
from curator.ports import Checkpoint, TrainingReport
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.runtime.settings import Settings
from pipelines.students import train
from pipelines.students.recipe import read_curve
from pipelines.students.train import TrainConfig
from storage.access import audit
from storage.release import runs
from tests.sample_project import make_project


class StandIn:
    """A trainer that answers at once, or fails, and counts how often it was asked."""

    base_model = "models/small"
    local = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = False

    def sft(self, train_file: Path, log_dir: Path, **options: Any) -> TrainingReport:
        return self._train("sft", train_file)

    def dpo(self, train_file: Path, log_dir: Path, **options: Any) -> TrainingReport:
        return self._train(f"dpo from {options['start'].state_path}", train_file)

    def _train(self, kind: str, train_file: Path) -> TrainingReport:
        assert train_file.read_bytes()
        self.asked.append(kind)
        if self.down:
            msg = "the server is down"
            raise TrainerError(msg)
        return TrainingReport(Checkpoint("sampler", "state"), 3, 96, (2.0, 1.0), 0.5)


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    settings = make_project(tmp_path / "project", rows=60)
    config = ReleaseConfig("support", waive=("certificate", "test_reviewed"), why="a test")
    assert release.run(config, settings.store, settings.releases).version == "support@1"
    return settings


def actions(project: Settings) -> list[str]:
    found = audit.events(project.store)["action"].to_list()
    return [action for action in reversed(found) if action.startswith("train:")]


def test_a_finished_run_is_returned_and_not_trained_again(project: Settings, tmp_path: Path) -> None:
    trainer = StandIn()
    first = train.run(TrainConfig("support@1"), project.store, trainer, tmp_path / "runs")
    again = train.run(TrainConfig("support@1"), project.store, trainer, tmp_path / "runs")
    assert (first.created, again.created) == (True, False)
    assert (again.run, again.report, again.sampler_path) == (first.run, first.report, "sampler")
    assert trainer.asked == ["sft"]
    assert actions(project) == ["train:sft", "train:finished"]
    other = train.run(TrainConfig("support@1", seed=1), project.store, trainer, tmp_path / "runs")
    assert other.run != first.run


def test_a_run_that_failed_is_kept_with_its_reason_and_a_rerun_finishes_it(project: Settings, tmp_path: Path) -> None:
    trainer = StandIn()
    trainer.down = True
    with pytest.raises(TrainerError, match="server is down"):
        train.run(TrainConfig("support@1"), project.store, trainer, tmp_path / "runs")
    (failed,) = runs.listing(project.store, "support")
    assert failed.run.status == "failed"
    assert failed.outcome is not None
    assert failed.outcome.error == "the server is down"
    trainer.down = False
    assert train.run(TrainConfig("support@1"), project.store, trainer, tmp_path / "runs").run == failed.run.id
    assert actions(project) == ["train:sft", "train:failed", "train:sft", "train:finished"]


def test_dpo_wants_a_finished_run_to_start_from(project: Settings, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="--from RUN"):
        train.run(TrainConfig("support@1", kind="dpo"), project.store, StandIn(), tmp_path / "runs")


def test_a_file_that_changed_since_the_release_is_not_trained_on(project: Settings, tmp_path: Path) -> None:
    file = project.releases / "support" / "1" / "tinker" / "sft" / "train.jsonl"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b"\n")
    trainer = StandIn()
    with pytest.raises(DataError, match="not what the manifest of support@1 says"):
        train.run(TrainConfig("support@1"), project.store, trainer, tmp_path / "runs")
    assert trainer.asked == []
    assert runs.listing(project.store, "support") == []


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ({"learning_rate": 50.0}, "--learning-rate is 50, expected a number above 0 and below 1"),
        ({"learning_rate": -1.0}, "--learning-rate is -1"),
        ({"learning_rate": float("nan")}, "--learning-rate is nan"),
        ({"beta": -1.0}, "--beta is -1, expected a number above 0"),
        ({"beta": float("inf")}, "--beta is inf"),
        ({"batch_size": 0}, "--batch-size is 0, expected at least 1"),
        ({"epochs": 0}, "--epochs is 0, expected at least 1"),
    ],
)
def test_an_impossible_setting_is_refused_before_anything_is_recorded(
    project: Settings, tmp_path: Path, setting: dict[str, Any], why: str
) -> None:
    trainer = StandIn()
    with pytest.raises(RequestError) as caught:
        train.run(TrainConfig("support@1", **setting), project.store, trainer, tmp_path / "runs")
    assert why in str(caught.value)
    assert trainer.asked == []
    assert runs.listing(project.store, "support") == []


def test_what_was_unusual_about_a_training_is_kept_with_its_run(project: Settings, tmp_path: Path) -> None:
    class Noting(StandIn):
        def _train(self, kind: str, train_file: Path) -> TrainingReport:
            return replace(super()._train(kind, train_file), notes=("only 3 optimizer steps",))

    first = train.run(TrainConfig("support@1"), project.store, Noting(), tmp_path / "runs")
    again = train.run(TrainConfig("support@1"), project.store, Noting(), tmp_path / "runs")
    assert first.notes == again.notes == ("only 3 optimizer steps",)
    assert runs.listing(project.store, "support")[0].outcome.as_json()["notes"] == ["only 3 optimizer steps"]


def test_two_trainings_of_one_run_take_turns_and_the_second_finds_it_finished(
    project: Settings, tmp_path: Path
) -> None:
    trainer, begun, go_on = StandIn(), threading.Event(), threading.Event()
    train_once = trainer._train

    def slowly(kind: str, train_file: Path) -> TrainingReport:
        begun.set()
        assert go_on.wait(30)
        return train_once(kind, train_file)

    trainer._train = slowly  # type: ignore[method-assign]
    with ThreadPoolExecutor(2) as pool:
        made = [
            pool.submit(train.run, TrainConfig("support@1"), project.store, trainer, tmp_path / "runs") for _ in "ab"
        ]
        assert begun.wait(30)
        go_on.set()
        created = sorted(each.result().created for each in made)
    assert created == [False, True]
    assert trainer.asked == ["sft"]


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([2.0 - 0.03 * k for k in range(60)], None),
        ([2.0 - 0.001 * k for k in range(60)], "flat loss"),
        ([2.0 - 0.06 * k for k in range(30)] + [0.2 + 0.1 * k for k in range(30)], "diverged: the loss fell"),
        ([2.0, 1.0, float("nan")], "no number any more"),
        ([2.0, 2.0], None),
    ],
)
def test_a_loss_that_is_flat_or_diverged_is_said_in_words(losses: list[float], said: str | None) -> None:
    found = read_curve(losses, "sft")
    assert len(found) == (said is not None)
    assert said is None or said in found[0]
