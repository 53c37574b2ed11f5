"""The parts of the suite `curation` run in small, and say no where a promise is broken."""

from pathlib import Path

import pytest

from curator.errors import NotFoundError, RequestError
from pipelines.bench import curation, text_parts, vector_parts
from tests.curator.curation_data import shared

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module", autouse=True)
def sets() -> None:
    shared("banking77/train.jsonl", "clinc150/data_full.jsonl")


@pytest.fixture(scope="module")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vectors")


def test_planted_duplicates_are_found_and_twins_stay_apart() -> None:
    report = curation.run("duplicates", quick=True)
    assert report.passed, curation.render(report)
    found = report.parts["duplicates"].sets["banking77"]
    assert found.recall["exact"] == 1.0
    assert set(found.merged.values()) == {0}
    assert "recall: exact 100.0%" in curation.render(report)


def test_a_detector_that_finds_less_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_parts, "near_groups", lambda pairs, rows: [])
    report = curation.run("duplicates", quick=True)
    assert not report.passed
    assert "curation FAILED" in curation.render(report)


@pytest.mark.slow
def test_the_known_faults_of_banking77_are_found() -> None:
    report = curation.run("known", quick=True)
    assert report.passed, curation.render(report)
    assert "2 label conflicts (known: 2), 25 texts" in curation.render(report)


@pytest.mark.slow
def test_the_largest_share_of_a_scenario_among_real_texts_is_reported(keep: Path) -> None:
    report = curation.run("share", quick=True, keep=keep)
    assert report.passed, curation.render(report)
    assert [each.verdict for each in report.parts["share"].shares] == ["GOOD"] * 2 + ["RISKY"] * 3


@pytest.mark.slow
def test_every_stage_to_the_map_is_timed(keep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = curation.run("speed", quick=True, keep=keep)
    stages = report.parts["speed"].seconds
    assert stages["total"] == pytest.approx(sum(value for name, value in stages.items() if name != "total"))
    assert set(report.parts["speed"].many_seconds) >= {"clusters and names", "map", "duplicates of meaning"}
    monkeypatch.setattr(vector_parts, "_from_file", lambda *_: stages)
    monkeypatch.setattr(vector_parts, "_stages_given", lambda *_: {})
    monkeypatch.setattr(vector_parts, "ALLOWED_S", 0.0)
    assert not curation.run("speed", quick=True, keep=keep).passed


@pytest.mark.slow
def test_semhash_on_the_same_vectors_finds_no_more(keep: Path) -> None:
    report = curation.run("semhash", quick=True, keep=keep)
    part = report.parts["semhash"]
    # Names in texts without capitals are not known as names (docs/curation.md); numbers and negations are.
    assert {kind: n for kind, n in part.curator.merged.items() if kind != "another name"} == {
        "another number": 0,
        "a negation": 0,
    }
    assert all(part.curator.recall[kind] >= share for kind, share in part.semhash.recall.items())


def test_an_unknown_part_and_a_missing_set_are_said(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no part 'magic'; there are known, duplicates, share"):
        curation.run("magic")
    with pytest.raises(NotFoundError, match="name the folder with --data or CURATOR_SHARED_DATA"):
        curation.run("known", data=tmp_path)
