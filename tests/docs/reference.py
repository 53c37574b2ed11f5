"""The reference pages, made from the code: `python -m tests.docs.reference` writes them."""

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import typer

from curator.release import manifest
from pipelines.cli import application
from tests.places import ROOT

MADE = "<!-- Made from the code by `make reference`; edit the code. -->\n"
EXITS = """
| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the answer is no |
| 2 | the request was wrong |
| 3 | not enough data for an answer |
| 4 | an outside system failed; a rerun resumes |
| 70 | a bug of Curator |
"""


def cli_reference() -> str:
    """Every command with its arguments and options, in the order of `curator --help`."""
    root = typer.main.get_command(application(()))
    parts = ["# The command line\n", MADE, f"{root.help}\n", EXITS]
    for path, command in commands(root, "curator"):
        if command is root:
            continue
        context = type(command).context_class(command, info_name=path, terminal_width=200, max_content_width=200)
        parts += [f"\n## {path}\n", f"{_inline(inspect.cleandoc(command.help or ''))}\n"]
        usage = " ".join([path, *command.collect_usage_pieces(context)]).replace("[OPTIONS]", "[options]")
        parts.append(f"\n```text\n{usage}\n```\n")
        told = [record for p in command.params if p.name != "help" and (record := p.get_help_record(context))]
        if told:
            parts.append("\n| argument or option | meaning |\n|---|---|")
            parts += [f"| `{_cell(name)}` | {_inline(_cell(text))} |" for name, text in told]
            parts.append("")
    return "\n".join(parts).replace("\n\n\n", "\n\n")


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:  # typer's command and group classes are private
    """The command and everything below it, with the words by which each is called."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{path} {name}")


def manifest_reference() -> str:
    """Every field of `manifest.json` and of its parts, with the meaning that the record's docstring gives."""
    parts = ["# manifest.json\n", MADE]
    parts.append(
        "One JSON object in each release, one key of the first level a line, keys in alphabetical order. How it is\n"
        "hashed, and what an unchanged request is: [decision 7](../decisions/0007-content-hashed-versions.md).\n"
    )
    _describe(manifest.Manifest, [], parts)
    return "\n".join(parts).replace("\n\n\n", "\n\n")


def _describe(record: type, seen: list[type], parts: list[str]) -> None:
    """Add the record's table, then those of the records that its fields hold."""
    seen.append(record)
    doc, _, attributes = inspect.cleandoc(record.__doc__ or "").partition("Attributes:")
    meanings = _attributes(attributes)
    parts += [f"\n## {record.__name__}\n", f"{_inline(doc.strip())}\n", "| field | type | meaning |\n|---|---|---|"]
    below: list[type] = []
    for name, kind in inspect.get_annotations(record).items():
        written = re.sub(
            r"\b(?:\w+\.)+(?=\w)", "", kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
        )
        parts.append(f"| `{name}` | `{_cell(written)}` | {_inline(_cell(meanings.get(name, '')))} |")
        below += [each for each in _records(kind) if each not in [*seen, *below]]
    parts.append("")
    for each in below:
        _describe(each, seen, parts)


def _records(kind: Any) -> Iterator[type]:  # an annotation can be anything
    if isinstance(kind, type) and kind.__module__ == manifest.__name__:
        yield kind
    for part in get_args(kind):
        yield from _records(part)


def _attributes(section: str) -> dict[str, str]:
    """`name: meaning` lines of a docstring, with their continuations; `a, b: meaning` is about both."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in inspect.cleandoc(section).splitlines():
        if match := re.match(r"^(\w+(?:, \w+)*): (.*)", line):
            names = match[1].split(", ")
            found |= dict.fromkeys(names, match[2])
        elif line.strip():
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _inline(text: str) -> str:
    return text.replace("<", "&lt;")


REFERENCES: dict[Path, Callable[[], str]] = {
    ROOT / "docs" / "reference" / "cli.md": cli_reference,
    ROOT / "docs" / "reference" / "manifest.md": manifest_reference,
}

if __name__ == "__main__":
    for path, make in REFERENCES.items():
        path.write_text(make(), encoding="utf-8")
