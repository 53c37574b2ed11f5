"""The page on security names guards that stand: each with a test that is there."""

import re

from tests.places import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", PAGE))
    assert len(named) > 10
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_every_door_has_a_guard_and_a_test() -> None:
    table = PAGE.partition("## Doors")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:2] == "| "]
    assert len(rows) > 15
    assert [row for row in rows[1:] if len(row) != 4 or not all(row) or "`tests/" not in row[3]] == []
    assert {"pages", "websocket", "upload", "schema"} <= {door for row in rows for door in row[0].split(", ")}
