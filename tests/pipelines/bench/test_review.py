"""The bench of many reviewers: what it counts as broken, and a short run of it."""

from typing import Any

import polars as pl
import pytest

from pipelines.bench import review
from pipelines.bench.visit import Visit


def visit(name: str, handed: list[str], saves: float = 0.1, **more: Any) -> Visit:
    acknowledged = [f"{name}-{task}" for task in handed]
    return Visit(name, [saves] * len(handed), handed, acknowledged, first_card_s=0.5, **more)


def stored(*visits: Visit) -> pl.DataFrame:
    rows = [(task, v.reviewer, f"{v.reviewer}-{task}") for v in visits for task in v.handed]
    return pl.DataFrame(rows, schema=["task", "reviewer", "action_id"], orient="row")


ANA, BEN = visit("ana", ["t1", "t2"]), visit("ben", ["t3"])


def test_quiet_visits_pass_and_each_broken_promise_fails() -> None:
    assert review.judge([ANA, BEN], stored(ANA, BEN)).passed
    both = visit("ben", ["t2"])
    twice = review.judge([ANA, both], stored(ANA, both))
    assert (twice.passed, twice.duplicate_claims, twice.reviewed_by_two) == (False, 1, 1)
    lost = review.judge([ANA, BEN], stored(ANA))
    assert (lost.passed, lost.lost) == (False, 1)
    slow = visit("ben", ["t3"], saves=0.9)
    assert not review.judge([visit("ana", ["t1"], saves=0.9), slow], stored(ANA, BEN)).passed
    error = visit("ben", ["t3"], errors=["TimeoutError"])
    assert not review.judge([ANA, error], stored(ANA, error)).passed
    idle = review.judge([ANA, visit("ben", [])], stored(ANA))
    assert (idle.passed, idle.idle) == (False, ("ben",))


@pytest.mark.slow
def test_what_eight_reviewers_say_beside_an_ingest_and_an_embed_is_stored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "REVIEWERS", 8)
    monkeypatch.setattr(review, "THINK_S", 1.0)
    report = review.run(15.0, rows=2_000)
    assert (report.duplicate_claims, report.reviewed_by_two, report.lost) == (0, 0, 0), report
    assert report.errors == (), report
    assert report.reviewers == 8
    assert report.saves > 8, review.render(report)
    assert report.rows_ingested_beside > 0, review.render(report)  # an embed may still load its model
