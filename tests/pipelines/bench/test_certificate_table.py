"""The command behind docs/certificate.md prints its tables, and counts reviews as it says."""

from pathlib import Path

import pytest

from pipelines.bench import certificate_table as table


def test_reviews_needed_are_the_first_that_suffice_and_those_after_which_none_falls_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table, "SIZES", range(140, 146))
    assert table.needed([0.1, 0.8, 0.7, 0.85, 0.9, 0.95], 0.8) == (141, 143)
    assert table.needed([0.9, 0.9, 0.9, 0.9, 0.9, 0.9], 0.8) == (140, 140)


def test_the_command_prints_every_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    # The sizes that the table names, and one that suffices everywhere.
    monkeypatch.setattr(table, "SIZES", (200, 300, 400, 1_500))
    table.main(["100"])
    first, second, third, fourth, curve = capsys.readouterr().out.strip().split("\n\n")
    assert len(first.splitlines()) == 2 + 3 * 7
    assert len(second.splitlines()) == 2 + 7
    assert "| 5.0% | good | find |" in first
    assert "| misleading | certify |" in second
    assert len(third.splitlines()) == 2 + 3
    assert "| 0.0% | 174 | 174 | 174 |" in third
    assert "| 500 | (139, 3) |" in fourth
    assert curve.startswith("```mermaid")
    assert "(181, 4)" in curve


def test_the_page_shows_what_the_command_measures() -> None:
    page = (Path(__file__).parents[3] / "docs" / "certificate.md").read_text(encoding="utf-8")
    for line in (*table.yields(4_000), *table.live(4_000), *table.acceptance(), *table.curve()):
        assert line in page
