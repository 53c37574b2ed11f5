"""The soak says whether memory stayed flat, and a short one loses nothing."""

from dataclasses import replace
from typing import Any

import pytest

from pipelines.bench import soak


def test_memory_counts_after_the_warm_up_and_at_the_end() -> None:
    rising = [(float(at), 100.0 + at) for at in range(100)]
    assert soak.flatness(rising, 100.0) == (129.5, 194.5)
    settled = [(float(at), 100.0 if at < 20 else 300.0) for at in range(100)]
    assert soak.flatness(settled, 100.0) == (300.0, 300.0)


GOOD = soak.SoakBench(
    suite="soak",
    passed=False,
    seconds=60.0,
    reviewers=10,
    saves=100,
    lost=0,
    duplicate_claims=0,
    reviewed_by_two=0,
    save_median_s=0.1,
    save_p95_s=0.2,
    errors=(),
    server_tracebacks=0,
    commands={"check": 3, "release": 2},
    teacher_was_asked=10,
    memory_mb=(300.0,),
    memory_after_warm_up_mb=300.0,
    memory_at_the_end_mb=303.0,
    memory_growth=0.01,
    memory_growth_allowed=0.05,
    store_is_whole=True,
    audit_is_intact=True,
    audit_events=7,
    cores=2,
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lost", 1),
        ("errors", ("`curator label` ended with 4",)),
        ("server_tracebacks", 1),
        ("saves", 0),
        ("memory_growth", 0.06),
        ("memory_growth", None),
        ("store_is_whole", False),
        ("audit_is_intact", False),
        ("commands", {"release": 1}),
    ],
)
def test_each_broken_promise_fails(name: str, value: Any) -> None:
    assert soak.kept(GOOD)
    assert not soak.kept(replace(GOOD, **{name: value}))


@pytest.mark.slow
def test_a_short_soak_loses_nothing_and_ends_with_a_whole_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "REVIEWERS", 3)
    monkeypatch.setattr(soak, "LOOK_S", 1.0)
    monkeypatch.setattr(soak.reviewing, "THINK_S", 1.0)
    report = soak.run(60.0)
    assert (report.lost, report.errors, report.server_tracebacks) == (0, (), 0), soak.render(report)
    assert report.store_is_whole, soak.render(report)
    assert report.audit_is_intact, soak.render(report)
    assert report.saves > 3, soak.render(report)
    assert report.teacher_was_asked > 0, soak.render(report)
