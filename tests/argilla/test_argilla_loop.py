"""From the plan to the certificate over a real argilla-server that dies twice; and rows of several batches."""

from pathlib import Path

import pytest

from curator.ports import BoardEntry, Progress
from pipelines.adapters import argilla as adapter
from pipelines.adapters.argilla import ArgillaBoard
from storage.review import plans, reviews
from tests.argilla.annotators import Annotator
from tests.argilla.lab import MANY, Lab, open_lab
from tests.argilla.server import ArgillaServer
from tests.cli.command import write_jsonl

pytestmark = [pytest.mark.slow, pytest.mark.argilla]
ANSWERED = 200


@pytest.mark.parametrize(
    ("data", "plan", "batch"),
    [
        ("support", ("--reviews", 80, "--risk-reviews", 20, "--test-share", 0.1), 25),
        ("banking77", ("--reviews", 400, "--test-share", 0.2), 100),
    ],
)
def test_the_certificate_holds_the_truth_though_the_server_dies_twice(
    data: str,
    plan: tuple[object, ...],
    batch: int,
    server: ArgillaServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter, "RECORDS_AT_ONCE", batch)
    monkeypatch.setattr(adapter, "PAGE", batch)
    with open_lab(server, data, tmp_path, monkeypatch, data=data, plan=plan) as lab:
        push_through_a_death(lab, batch)
        ana, ben = lab.annotator("ana"), lab.annotator("ben", wrong=0.03)
        check_what_cards_show(lab, ana)
        answer_by_halves(lab, ana, ben)
        pull_through_a_death(lab, monkeypatch)
        look_twice(lab, ana)
        settle_disputes(lab)
        certified = lab.curator("certify", "--dataset", data, "--plan", lab.plan).json
        assert certified["status"] != "INCOMPLETE", certified["why"]
        drawn = plans.rows(lab.store, lab.plan)
        wrong = [r["teacher_value"] != lab.truth[r["external_id"]] for r in drawn.iter_rows(named=True)]
        bound = certified["teacher_error"]
        print(f"\n{data}: truth {sum(wrong) / len(wrong):.4f} in [{bound['low']:.4f}, {bound['high']:.4f}]")  # noqa: T201
        assert bound["low"] <= sum(wrong) / len(wrong) <= bound["high"]


def push_through_a_death(lab: Lab, batch: int) -> None:
    tasks = len(lab.tasks())
    with lab.server_dies_after(batch):
        died = lab.curator("route", "--plan", lab.plan, "--to", "argilla")
    assert died.code == 4, died.out + died.err
    assert lab.server.url in died.json["error"]
    resumed = lab.route()
    assert 0 < resumed["added"] <= tasks - batch
    assert resumed["on_board"] == tasks
    again = lab.route()
    assert (again["created"], again["added"], again["updated"], again["unchanged"]) == (False, 0, 0, tasks)


def check_what_cards_show(lab: Lab, ana: Annotator) -> None:
    tasks = {t["task"]: t for t in lab.tasks()}
    cards = ana.pending(lab.dataset)
    assert {c["external_id"].split(".")[0] for c in cards} == set(tasks)
    for card in cards:
        shows = bool(card["suggestions"]) or "stratum" in card["metadata"] or "note" in card["fields"]
        assert shows is not tasks[card["external_id"].split(".")[0]]["blind"]


def answer_by_halves(lab: Lab, ana: Annotator, ben: Annotator) -> None:
    cards = ana.pending(lab.dataset)
    ana.answer(cards[::2])
    ben.answer([c for c in ben.pending(lab.dataset) if c["id"] in {x["id"] for x in cards[1::2]}])


def pull_through_a_death(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = len(lab.tasks())

    class Dying(ArgillaBoard):
        def entries(self, dataset: str, progress: Progress) -> list[BoardEntry]:
            return super().entries(dataset, lambda done, total: lab.server.kill())

    with monkeypatch.context() as patched:
        patched.setattr(adapter, "ArgillaBoard", Dying)
        died = lab.curator("pull", "--plan", lab.plan)
    lab.server.start()
    assert died.code == 4, died.out + died.err
    assert reviews.frame(lab.store, lab.name, plan=lab.plan).is_empty()
    pulled = lab.pull()
    assert (pulled["pulled"], pulled["rejected"], pulled["left"]) == (tasks, 0, 0)
    assert set(pulled["by_reviewer"]) == {"ana", f"ben_{lab.workspace}"}
    assert lab.pull()["pulled"] == 0


def look_twice(lab: Lab, ana: Annotator) -> None:
    wrong = {t["task"] for t in lab.tasks() if t["blind"] and t["proposed"] != lab.truth[t["external_id"]]}
    certified = lab.curator("certify", "--dataset", lab.name, "--plan", lab.plan)
    assert (certified.code, certified.json["status"]) == (3, "INCOMPLETE")
    routed = lab.route()
    second = [c for c in ana.pending(lab.dataset) if c["external_id"].endswith(".2")]
    assert len(second) == routed["second_looks"] == routed["added"]
    assert {c["external_id"].split(".")[0] for c in second} >= wrong
    assert wrong
    assert all(c["suggestions"] and c["fields"]["note"].startswith("Second look") for c in second)
    ana.answer(second)
    assert lab.pull()["pulled"] == len(second)
    assert lab.route()["second_looks"] == 0


def settle_disputes(lab: Lab) -> None:
    """Where the two differ, the one who erred looks again and says so by file."""
    truth = {t["task"]: lab.truth[t["external_id"]] for t in lab.tasks()}
    given = reviews.frame(lab.store, lab.name, plan=lab.plan)
    erred = [r for r in given.iter_rows(named=True) if r["value"] != truth[r["task"]]]
    assert erred
    rows = [
        {"task_id": r["task"], "reviewer": r["reviewer"], "verdict": "edit", "value": truth[r["task"]]} for r in erred
    ]
    file = write_jsonl(lab.curator.project / "settled.jsonl", rows)
    assert lab.curator.ok("review", "import", file, "--plan", lab.plan)["rejected"] == 0


def test_rows_of_several_batches_go_and_come_back(
    server: ArgillaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    census = ("--reviews", MANY, "--test-share", 0.0)
    with open_lab(server, "many", tmp_path, monkeypatch, data="many", plan=census) as lab:
        assert lab.route()["on_board"] == MANY > 2 * adapter.RECORDS_AT_ONCE
        assert lab.route()["unchanged"] == MANY
        ana = lab.annotator("ana")
        ana.answer(ana.pending(lab.dataset)[:ANSWERED])
        assert lab.pull()["pulled"] == ANSWERED
