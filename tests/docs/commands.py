"""The commands that README, CONTRIBUTING and docs show, with where they stand."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.places import ROOT

SHELL = ("", "bash", "sh", "console")
_FENCE = re.compile(r"^```(\w*)\s*$")
_SPAN = re.compile(r"`(curator [a-z][^`]*)`")
PROGRAMS = ("curator", "make", "cd", "pip", "source", "python", ".venv/bin/pre-commit", ".venv/bin/python")


@dataclass(frozen=True, slots=True)
class Shown:
    """One command as a page shows it; `place` is `FILE:LINE`."""

    place: str
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """The command as it is typed."""
        return shlex.join(self.words)


def documents() -> list[Path]:
    """Every page that shows commands, README first, since the others go on where it ends."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> Iterator[tuple[int, str, list[str]]]:
    """The fenced blocks of a page: the number of the first line in it, its language, its lines."""
    language, start, held = None, 0, list[str]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if language is None and fence:
            language, start, held = fence[1], number + 1, []
        elif language is not None and line.startswith("```"):
            yield start, language, held
            language = None
        elif language is not None:
            held.append(line)


def fenced(page: Path) -> Iterator[Shown]:
    """The commands in the page's blocks of shell, a chain of `&&` as several; a block of anything else has none."""
    for start, language, lines in blocks(page):
        if language not in SHELL or not any(line.startswith(PROGRAMS) for line in lines):
            continue
        for number, line in enumerate(lines, start):
            for part in line.partition("  #")[0].split("&&"):
                if part.strip() and not part.lstrip().startswith("#"):
                    yield Shown(f"{page.relative_to(ROOT)}:{number}", tuple(shlex.split(part)))


def inline(page: Path) -> Iterator[Shown]:
    """The `curator …` commands within sentences; they may leave out what the sentence is not about."""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        for text in _SPAN.findall(line):
            yield Shown(f"{page.relative_to(ROOT)}:{number}", tuple(text.replace("…", "").split()))
