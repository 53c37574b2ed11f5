"""What the pages tell people to type works: every command is known, and those that can run here are run."""

import csv
import random
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from pipelines.cli import application
from pipelines.demo import expert
from pipelines.runtime.settings import load
from tests.cli.command import run
from tests.docs.commands import Shown, blocks, documents, fenced, inline
from tests.places import ROOT

GLOBAL = {"--json": False, "--project": True, "--help": False, "--version": False}
NOT_RUN = {
    "make": "sets up an environment, or runs the tests that this is one of",
    "pip install": "changes the environment that the tests run in",
    ".venv/bin/pre-commit install": "changes the repository's hooks",
    "curator app": "serves until it is ended; tests/browser starts it",
    "curator bench": "measures for minutes; tests/pipelines/bench runs small samples",
}
"""How a command starts, and why it does not run here."""
TEXTS = {
    "refund": ("I want my money back for order {}", "you charged order {} twice", "refund {} has not arrived yet"),
    "delivery": ("where is parcel {}", "the courier lost package {}", "the parcel {} is three days late"),
    "other": ("I cannot log in as user {}", "change the address of account {}", "delete the profile {} for good"),
}
OPENINGS = ("Hello, ", "Good morning: ", "Please help. ", "Quick question, ", "")


@pytest.fixture(scope="module")
def command() -> Any:
    return typer.main.get_command(application(()))


def walk(command: Any, words: tuple[str, ...]) -> tuple[Any, list[str]]:
    """The command that the words name, and the words after its name; fails where a word names none."""
    rest = list(words)
    while rest and getattr(command, "commands", None) and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"{rest[0]!r} is no command; there are {', '.join(command.commands)}"
        command = command.commands[rest.pop(0)]
    return command, rest


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_option_that_a_page_names_is_there(page: Path, command: Any) -> None:
    for shown in [*fenced(page), *inline(page)]:
        if shown.words[0] != "curator":
            continue
        found, rest = walk(command, shown.words[1:])
        known = {option for p in found.params for option in (*p.opts, *p.secondary_opts)} | set(GLOBAL)
        unknown = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
        assert not unknown, f"{shown.place}: `{shown.text}`: unknown {unknown}"


def test_every_module_and_file_that_a_page_names_in_code_is_there() -> None:
    missing = []
    for page in documents():
        for word in _paths(page.read_text(encoding="utf-8")):
            if not any((base / word).exists() for base in (ROOT, page.parent)):
                missing.append(f"{page.relative_to(ROOT)}: {word}")
    assert not missing


@pytest.mark.parametrize("layer", ["curator", "storage", "pipelines", "pages"])
def test_every_room_stands_in_the_picture_and_in_the_map(layer: str) -> None:
    rooms = {p.stem for p in (ROOT / layer).iterdir() if p.suffix in ("", ".py") and not p.name.startswith("__")}
    assert len(rooms) > 5
    for page in (ROOT / "docs" / "pictures" / "rooms.svg", ROOT / "README.md"):
        named = set(re.findall(r"\w+", page.read_text(encoding="utf-8")))
        assert rooms - named == set(), page.name


def test_each_decision_has_a_number_of_its_own_and_its_title_has_it_too() -> None:
    numbers = {page: int(page.name[:4]) for page in (ROOT / "docs" / "decisions").glob("*.md")}
    assert len(set(numbers.values())) == len(numbers), sorted(page.name for page in numbers)
    titled = {page: page.read_text(encoding="utf-8").startswith(f"# {number}. ") for page, number in numbers.items()}
    assert [page.name for page, right in titled.items() if not right] == []


def _paths(text: str) -> Iterator[str]:
    for span in re.findall(r"`([^`\s]+)`", text):
        if re.fullmatch(r"(curator|storage|pipelines|pages|tests|docs)(/[\w.-]+)+/?", span):
            yield span


def write_rows(folder: Path) -> dict[str, str]:
    """The files that the pages speak of: tickets.csv, the last few labels wrong; logs.csv; task.toml as the README has
    it. Returns the truth by row id."""
    rng = random.Random(3)
    truth: dict[str, str] = {}
    with (folder / "tickets.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["row_id", "text", "category"])
        for number in range(300):
            label = list(TEXTS)[number % 3]
            text = rng.choice(OPENINGS) + rng.choice(TEXTS[label]).format(10_000 + 7 * number)
            truth[f"t{number}"] = label
            writer.writerow([f"t{number}", text, "other" if number in (30, 60) else label])
    with (folder / "logs.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["text"])
        for number in range(60):
            label = "delivery" if number % 2 else "refund"
            writer.writerow([rng.choice(OPENINGS) + rng.choice(TEXTS[label]).format(50_000 + number)])
    (task,) = ["\n".join(lines) for _, language, lines in blocks(ROOT / "README.md")
               if language == "toml" and 'kind = "classification"' in lines[1]]  # fmt: skip
    assert set(tomllib.loads(task)["labels"]) == set(TEXTS)
    (folder / "task.toml").write_text(task, encoding="utf-8")
    return truth


def runs_here(shown: Shown) -> bool:
    return not any(shown.text.startswith(start) for start in NOT_RUN)


def test_each_reason_for_not_running_a_command_is_about_a_command_that_is_shown() -> None:
    shown = [each.text for page in documents() for each in fenced(page)]
    assert [start for start in NOT_RUN if not any(text.startswith(start) for text in shown)] == []


@pytest.mark.slow
def test_the_commands_of_all_pages_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth: dict[str, str] = {}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CURATOR_ACTOR", "ana")
    for shown in (each for page in documents() for each in fenced(page)):
        if not runs_here(shown):
            continue
        program, *arguments = shown.words
        if program == "cd":
            monkeypatch.chdir(arguments[0])
            truth = truth or write_rows(Path.cwd())
            continue
        assert program == "curator", f"{shown.place}: `{shown.text}` neither runs here nor has a reason not to"
        if arguments[0] == "plan":
            arguments.append("--json")
        answer = run(*arguments)
        assert answer.code == 0, f"{shown.place}: `{shown.text}` ended with {answer.code}\n{answer.out}{answer.err}"
        for name in ("ana", "ben") if arguments[0] == "plan" else ():  # here people review
            monkeypatch.setattr(expert, "NAME", name)
            expert.review_plan(load(Path.cwd()).store, answer.json["plan"], truth)
