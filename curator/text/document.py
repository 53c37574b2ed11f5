"""A short document of paragraphs, lists and tables in three forms: plain text, Markdown, and one HTML file.

The HTML carries its style, prints well and loads nothing. Whatever text is given is shown as it is: nothing in it
becomes a link, a picture or markup in any form.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

_STYLE = """\
:root { color-scheme: light; }
body { font: 11pt/1.45 Georgia, 'Times New Roman', serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
  color: #111; background: #fff; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
p, li { overflow-wrap: anywhere; }
.status { font-weight: bold; border: 2px solid #111; display: inline-block; padding: .2rem .6rem; }
table { border-collapse: collapse; width: 100%; font-size: .92em; }
th, td { border: 1px solid #888; padding: .25rem .5rem; text-align: left; white-space: nowrap; }
td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 8rem; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } table, tr { break-inside: avoid; } }
"""


@dataclass(frozen=True, slots=True)
class DocumentTable:
    """Rows of text under column names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A title, paragraphs, a list, and perhaps a table, in this order."""

    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    table: DocumentTable | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A title, a status, and sections."""

    title: str
    status: str
    sections: tuple[Section, ...]


FORMS: Mapping[str, str] = {".html": "html", ".htm": "html", ".md": "markdown", ".txt": "text"}
"""File endings and the form they get."""


def as_text(made: Document) -> str:
    """The document for a terminal."""
    parts = [made.title, "=" * len(made.title), f"Status: {made.status}"]
    for section in made.sections:
        parts += ["", section.title, "-" * len(section.title), *section.paragraphs]
        parts += [f"- {_one_line(point)}" for point in section.points]
        if section.table:
            parts += _columns(section.table)
    return "\n".join(parts) + "\n"


def as_markdown(made: Document) -> str:
    """The document in Markdown."""
    parts = [f"# {_mark(made.title)}", f"**Status: {made.status}**"]
    for section in made.sections:
        parts += [f"## {_mark(section.title)}", *(_mark(text) for text in section.paragraphs)]
        if section.points:
            parts.append("\n".join(f"- {_mark(point)}" for point in section.points))
        if section.table:
            head = [section.table.columns, tuple("---" for _ in section.table.columns)]
            lines = [*head, *([_mark(cell) for cell in row] for row in section.table.rows)]
            parts.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
    return "\n\n".join(parts) + "\n"


def as_html(made: Document) -> str:
    """The document as one HTML file: no script, nothing to load, ready to be printed."""
    body = [f"<h1>{_safe(made.title)}</h1>", f'<p class="status">{_safe(made.status)}</p>']
    for section in made.sections:
        body.append(f"<h2>{_safe(section.title)}</h2>")
        body += [f"<p>{_safe(text)}</p>" for text in section.paragraphs]
        if section.points:
            body.append("<ul>" + "".join(f"<li>{_safe(point)}</li>" for point in section.points) + "</ul>")
        if section.table:
            head = "".join(f'<th scope="col">{_safe(name)}</th>' for name in section.table.columns)
            rows = ("".join(f"<td>{_safe(cell)}</td>" for cell in row) for row in section.table.rows)
            lines = "".join(f"<tr>{row}</tr>" for row in rows)
            body.append(f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{_safe(made.title)}</title><style>\n{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _columns(table: DocumentTable) -> list[str]:
    lines = [table.columns, *(tuple(_one_line(cell) for cell in row) for row in table.rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.columns))]
    return ["  " + "  ".join(f"{cell:<{w}}" for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _safe(text: str) -> str:
    return html.escape(_one_line(text))


def _mark(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|#~&!])", r"\\\1", _one_line(text))


def write(made: Document, ending: str) -> str | None:
    """The document in the form of a file ending (with its dot), or None for one that is not in `FORMS`."""
    match FORMS.get(ending.lower()):
        case "html":
            return as_html(made)
        case "markdown":
            return as_markdown(made)
        case "text":
            return as_text(made)
        case _:
            return None
