"""The reference pages, made from the code: `python -m tests.docs.reference` writes them."""

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from curator.release import manifest
from pipelines.cli import application
from tests.places import ROOT

_CLOSING = {
    "schema_version": "The layout of the manifest, from 1.",
    "request_hash": "SHA-256 over all but number, parent, as_of_seq and cards: an unchanged request has the same.",
    "content_sha256": "SHA-256 over everything else in the manifest.",
}
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
    parts.append("| field | meaning |\n|---|---|")
    _, _, arguments = inspect.cleandoc(manifest.build_manifest.__doc__ or "").partition("Args:")
    meanings = _attributes(arguments.partition("Raises:")[0]) | _CLOSING
    parts += [f"| `{name}` | {_inline(_cell(text))} |" for name, text in sorted(meanings.items())]
    parts.append("")
    return "\n".join(parts).replace("\n\n\n", "\n\n")


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
