"""The reference pages say what the code says, and the site builds from this machine's files alone."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.reference import REFERENCES
from tests.places import ROOT

OUTSIDE = re.compile(r"""<(?:script|img|iframe|source)\b[^>]*\ssrc="?https?:|<link\b[^>]*\shref="?https?:""")


@pytest.mark.parametrize("page", REFERENCES, ids=lambda page: page.name)
def test_a_reference_page_is_what_the_code_makes_of_it_now(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == REFERENCES[page](), f"{page.name} is old: run `make reference`"


def test_every_field_of_the_manifest_has_a_meaning() -> None:
    text = (ROOT / "docs/reference/manifest.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) > 15
    assert [row for row in rows if not row.split(" | ")[-1].strip(" |")] == []


@pytest.mark.slow
def test_the_site_builds_strictly_and_loads_nothing_from_outside(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > len(list((ROOT / "docs").rglob("*.md")))
    assert [str(p) for p in pages if OUTSIDE.search(p.read_text(encoding="utf-8"))] == []
    assert OUTSIDE.search('<script async src="https://cdn.example/x.js"></script>')


def test_every_hook_before_a_commit_is_local() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repo["repo"] for repo in hooks["repos"]} == {"local"}
    assert {hook["language"] for repo in hooks["repos"] for hook in repo["hooks"]} == {"system"}
