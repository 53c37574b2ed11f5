"""The benches measure what they say, and say no when a promise is broken."""

import pytest

from curator.simulation import Coverage, DecisionCoverage, EverWrong, Groups, ReviewStream, Setting
from pipelines.bench import certificate


class Now:
    """A pool that works in this process."""

    def __init__(self, **_: object) -> None:
        pass

    def __enter__(self) -> "Now":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    map = staticmethod(lambda work, items, chunksize: map(work, items))


@pytest.fixture
def in_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "ProcessPoolExecutor", Now)
    monkeypatch.setattr(certificate, "STREAMS", (ReviewStream(200, 60, 0.05),))
    monkeypatch.setattr(certificate, "GROUPS", (Groups(1, population=400, reviews=100),))


def test_the_grid_has_every_setting_that_can_be_simulated() -> None:
    grid = certificate.grid()
    assert len(grid) == len(set(grid)) == (2 + 4 + 4) * 8 * 3 * 2
    assert {s.error_rate for s in grid} == {0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.065, 0.1}
    assert {s.population for s in grid} == {200, 2_000, 20_000}
    assert all(s.reviews < s.population for s in grid)


@pytest.mark.usefixtures("in_short")
def test_bounds_that_hold_pass() -> None:
    settings = [Setting(2_000, 200, 0.02, "misleading"), Setting(200, 100, 0.0, "good")]
    report = certificate.run(500, settings)
    assert (report.passed, report.settings, report.repetitions) == (True, 2, 500)
    assert report.least_covered["one_sided"] >= report.least_allowed == pytest.approx(0.95 - 3 * 0.00975, abs=1e-3)
    assert "certificate passed: 2 settings" in certificate.render(report)
    assert "looked at after every review" in certificate.render(report)
    assert "by the rows that suggested them" in certificate.render(report)


@pytest.mark.usefixtures("in_short")
def test_a_bound_that_covers_too_little_fails_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def poor(setting: Setting, **_: object) -> Coverage:
        share = 0.88 if setting.score == "misleading" else 0.97
        return Coverage(0.97, 0.97, 0.99, 0.99, 0.1, 0.1, 0.97, share, 0.003)

    monkeypatch.setattr(certificate, "simulate_coverage", poor)
    settings = [Setting(2_000, 200, 0.02, "misleading"), Setting(2_000, 200, 0.02, "good")]
    report = certificate.run(4_000, settings)
    assert report.passed is False
    assert [f["score"] for f in report.failed] == ["misleading"]
    assert report.worst["shipped_one_sided"] == 0.88
    assert "certificate FAILED" in certificate.render(report)
    assert "below it" in certificate.render(report)


@pytest.mark.usefixtures("in_short")
def test_a_live_bound_that_peeking_breaks_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "simulate_peeking", lambda *_, **__: EverWrong(0.01, 0.08, 0.3, 0.003))
    report = certificate.run(200, [Setting(2_000, 200, 0.02)])
    assert (report.passed, report.failed, report.sequence.passed) == (False, (), False)
    assert "ever wrong in at most 0.0800" in certificate.render(report)


@pytest.mark.usefixtures("in_short")
def test_a_fresh_audit_that_covers_too_little_fails_and_the_contrast_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def say(fresh: float) -> None:
        covered = DecisionCoverage(0.5, 0.6, 0.97, fresh, 5.0, 0.1, 0.07, 0.003)
        monkeypatch.setattr(certificate, "simulate_decisions", lambda *_, **__: covered)

    say(0.97)
    assert certificate.run(200, [Setting(2_000, 200, 0.02)]).passed is True
    say(0.90)
    report = certificate.run(200, [Setting(2_000, 200, 0.02)])
    assert (report.passed, report.group_decisions.passed) == (False, False)
    assert "least coverage 0.9000 by a fresh audit" in certificate.render(report)


def test_settings_of_every_kind_hold_in_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every seventh setting: each population, number of reviews, rate, score and allocation is among them."""
    few = certificate.grid()[::7]
    for name in ("population", "reviews", "error_rate", "score", "purpose"):
        assert {getattr(each, name) for each in few} == {getattr(each, name) for each in certificate.grid()}
    streams = (ReviewStream(2_000, 400, 0.005), ReviewStream(2_000, 400, 0.05), ReviewStream(200, 200, 0.05))
    monkeypatch.setattr(certificate, "STREAMS", streams)
    monkeypatch.setattr(certificate, "GROUPS", certificate.GROUPS[::5])
    report = certificate.run(1_000, few)
    assert report.passed, certificate.render(report)
    assert {groups["rows_seen"] for groups in report.group_decisions.groups} == {1, 2, 3}
    # The contrasts: what is wrong must show as wrong, or the simulation proves nothing.
    assert report.sequence.most_wrong["wilson"] > 0.25
    assert report.group_decisions.least_covered["same_one_sided"] < 0.7
