"""What another model says of each row goes into the suspect ranking, from any table."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.cli.command import LABELS, Curator, make_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Curator, dict[str, str]]:
    return make_project(tmp_path_factory.mktemp("probabilities"))


def _table(truth: dict[str, str]) -> pl.DataFrame:
    rows = [
        {"id": ident} | {label: 0.8 if label == right else 0.1 for label in LABELS} for ident, right in truth.items()
    ]
    return pl.DataFrame(rows)


def test_a_table_of_any_kind_joins_the_ranking_and_each_finding_says_what_it_says(
    project: tuple[Curator, dict[str, str]], tmp_path: Path
) -> None:
    curator, truth = project
    table = _table(truth)
    table.write_csv(tmp_path / "p.csv")
    table.write_parquet(tmp_path / "p.parquet")
    table.write_ndjson(tmp_path / "p.jsonl")
    alone = curator.ok("check")
    runs = {
        kind: curator.ok("check", "--probabilities", tmp_path / f"p.{kind}") for kind in ("csv", "parquet", "jsonl")
    }
    assert len({report["run"] for report in runs.values()}) == 1
    assert [report["created"] for report in runs.values()] == [True, False, False]
    assert runs["csv"]["run"] != alone["run"]
    notes = " | ".join(runs["csv"]["notes"])
    assert f"{len(truth)} of {len(truth)} rows have them, for 3 classes" in notes
    assert f"their likeliest class is the given label in {len(truth) - 13} of {len(truth)} rows" in notes
    found = curator.ok("findings", "--kind", "suspect_label", "--limit", 5)["findings"]
    for finding in found:
        (ident,) = finding["external_ids"]
        assert finding["evidence"]["outside"]["likely"] == truth[ident] != finding["evidence"]["given"]
        assert "the probabilities given say" in finding["suggestion"]["text"]
    assert curator.ok("check")["run"] == alone["run"]  # without the file it is the check that it was


def test_rows_without_probabilities_and_lines_about_nobody_are_told(
    project: tuple[Curator, dict[str, str]], tmp_path: Path
) -> None:
    curator, truth = project
    table = _table({ident: truth[ident] for ident in list(truth)[:100]} | {"stranger": "refund"})
    table.write_csv(tmp_path / "p.csv")
    notes = " | ".join(curator.ok("check", "--probabilities", tmp_path / "p.csv")["notes"])
    assert f"{len(truth) - 100} rows have none and are ranked without" in notes
    assert "1 ids of the file are no rows of this dataset (stranger)" in notes


def test_a_file_that_holds_no_probabilities_is_refused_in_a_sentence(
    project: tuple[Curator, dict[str, str]], tmp_path: Path
) -> None:
    curator, _ = project
    (tmp_path / "p.jsonl").write_text(json.dumps({"id": "q1", "refund": 0.5, "delivery": 0.1}) + "\n", encoding="utf-8")
    refused = curator("check", "--probabilities", tmp_path / "p.jsonl")
    assert refused.code == 1
    assert "line 1, row 'q1': the probabilities sum to 0.6; expected 1" in refused.json["error"]
    assert curator("check", "--probabilities", tmp_path / "none.csv").code == 2
