"""Killed at whichever moment, nothing is made that the log does not tell of, and nothing leaves before it is told."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from curator.ports import BoardEntry, BoardForm, BoardRecord, Progress, RefusedRecord, TeacherAnswer
from curator.records import make_task
from pipelines.intake import ingest, label
from pipelines.preferences import draw
from pipelines.release import export, release, version_folder
from pipelines.review import plan, route, send
from storage.access import audit
from storage.dataset import datasets, examples, labels
from storage.engine.store import Store
from storage.review import comparisons, plans

TASK = make_task({"name": "t", "labels": ["a", "b"]})


class Killed(KeyboardInterrupt):
    pass


def killed(*_: Any, **__: Any) -> None:
    raise Killed


class Teacher:
    """Says a, of every text."""

    version = "1"
    offline: Literal[False] = False
    price = None

    def __init__(self, name: str = "gpt", answer: str = "a") -> None:
        self.name, self.said = name, answer

    def parameters(self, sample: int) -> dict[str, object]:
        return {}

    def ask(self, prompt: str, *, sample: int, idempotency: str) -> TeacherAnswer:
        return TeacherAnswer(self.said, cost_usd=0.5)


class Board:
    """A board in memory."""

    name = "argilla"

    def __init__(self) -> None:
        self.there: list[str] = []

    def open(self, form: BoardForm) -> bool:
        return True

    def entries(self, dataset: str, progress: Progress) -> list[BoardEntry]:
        return []

    def remove(self, dataset: str, entries: Sequence[BoardEntry]) -> None:
        assert not entries

    def push(self, dataset: str, records: Sequence[BoardRecord], progress: Progress) -> list[RefusedRecord]:
        self.there += [record.id for record in records]
        return []


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.create(tmp_path / "curator.duckdb")
    datasets.create(made, "d", TASK)
    (tmp_path / "rows.csv").write_text("text,label\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(40)))
    ingest.run(ingest.IngestConfig("d", (tmp_path / "rows.csv",)), made)
    return made


def events(store: Store, *actions: str) -> list[tuple[str, str]]:
    return list(store.rows("select action, detail from audit_event where list_contains(?, action)", [list(actions)]))


def compared(store: Store) -> None:
    draw.run(draw.CompareConfig("d", "import", "gpt"), store)


def sent(store: Store) -> None:
    rows = tuple(examples.frame(store, "d")["example_id"].to_list()[:3])
    send.run(send.SendConfig("d", rows, "a test", "ana"), store)


def labelled(store: Store) -> None:
    label.run(label.LabelConfig("d"), store, Teacher("other"))


ACTS: dict[str, tuple[Callable[[Store], None], Callable[[Store], int], str]] = {
    "a dataset": (
        lambda store: (
            datasets.create(store, "new", TASK, told=audit.telling(actor="ana", action="dataset", subject="new"))
            and None
        ),
        lambda store: datasets.names(store).count("new"),
        "dataset",
    ),
    "labels": (labelled, lambda store: labels.frame(store, "d", labeler="other").height, "label"),
    "comparisons": (compared, lambda store: comparisons.batches(store, "d").height, "compare"),
    "rows sent to review": (sent, lambda store: len(plans.of_dataset(store, "d")), "send"),
}


@pytest.mark.parametrize("act", ACTS)
def test_killed_as_it_is_told_nothing_was_made_and_then_it_is_made_and_told(
    act: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    label.run(label.LabelConfig("d"), store, Teacher())
    do, count, action = ACTS[act]
    before = len(events(store, action))
    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", killed)
        with pytest.raises(Killed):
            do(store)
    assert (count(store), len(events(store, action))) == (0, before)
    do(store)
    assert count(store) > 0
    assert len(events(store, action)) > before
    assert audit.verify(store).intact


def test_what_was_paid_for_answers_that_are_none_is_told(store: Store) -> None:
    report = label.run(label.LabelConfig("d"), store, Teacher("odd", "no label of the task"))
    assert report.labeled == 0
    told = [json.loads(detail) for _, detail in events(store, "label")]
    assert sum(each["cost_usd"] for each in told) == report.cost_usd > 0
    assert {each["labeled"] for each in told} == {0}


def shown(place: Path) -> list[str]:
    return [path.name for path in place.iterdir() if not path.name.endswith(".lock")]


def exported(store: Store, out: Path) -> None:
    export.run(export.ExportConfig("d", out.with_suffix(".csv")), store)


def released_again(store: Store, out: Path) -> None:
    release.run(release.ReleaseConfig("d", out=out, waive=("certificate",), why="t", who="ana"), store, out.parent)


def rebuilt(store: Store, out: Path) -> None:
    release.rebuild("d@1", store, out)


@pytest.mark.parametrize("leave", [exported, released_again, rebuilt])
def test_what_leaves_is_told_before_it_stands_there(
    leave: Callable[[Store, Path], None], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.run(release.ReleaseConfig("d", waive=("certificate",), why="t", who="ana"), store, tmp_path / "releases")
    place = tmp_path / "away"
    place.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(audit, "note", killed)
        with pytest.raises(Killed):
            leave(store, place / "out")
    assert shown(place) == []
    assert events(store, "export") == []
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(Killed):
            leave(store, place / "out")
    assert shown(place) == []
    assert len(events(store, "export")) == 1
    leave(store, place / "out")
    assert len(shown(place)) == 1


def test_a_first_release_into_another_folder_is_told_before_it_stands_there(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_folder.Path, "replace", killed)
    with pytest.raises(Killed):
        released_again(store, tmp_path / "away")
    assert len(events(store, "export")) == 1


def test_a_board_gets_nothing_that_is_not_told_before(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made, board = plan.run(plan.PlanConfig("d", reviews=10), store).plan, Board()
    with monkeypatch.context() as patch:
        patch.setattr(audit, "note", killed)
        with pytest.raises(Killed):
            route.run(route.RouteConfig(made), store, board)
    assert board.there == []
    assert route.routed_to(store, made) is None
    with monkeypatch.context() as patch:
        patch.setattr(Board, "push", killed)
        with pytest.raises(Killed):
            route.run(route.RouteConfig(made), store, board)
    assert route.routed_to(store, made) == "argilla"  # some of it may be there
    assert events(store, "route") == []
    report = route.run(route.RouteConfig(made), store, board)
    assert report.added == len(board.there) > 0
    assert len(events(store, "route", "route:begin")) == 3
