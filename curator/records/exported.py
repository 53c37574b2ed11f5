"""A row as it stands in an exported file, and how such a file is known again when it is read.

A field has the first name by which the ingest knows it, so that no column of a person's is ever taken for a field.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from curator.errors import DataError
from curator.records.chat_json import read_turns, write_turns
from curator.records.json_text import read_exact
from curator.records.message import Message, TextPart

MESSAGES: Final = "messages"
ABOUT: Final = ("curator.label_from", "curator.labeler", "curator.source", "curator.out")
"""What Curator says of a row in an export. Read again, it is no metadata: the new dataset has facts of its own."""
_RESERVED: Final = frozenset(
    {MESSAGES, "input", "text", "label", "id", "group", "split", "labeler", "confidence", "time", "tools", *ABOUT}
)
"""Names that a metadata column may not have in an export, as it would be read as something else."""


def own_names(columns: Iterable[str]) -> dict[str, str]:
    """Each metadata column's name in an export: its own, but for one that a field has.

    >>> own_names(["team", "confidence", "metadata.confidence", " team"])
    {'team': 'team', 'metadata.confidence': 'metadata.confidence', ' team': 'metadata. team', \
'confidence': 'metadata.metadata.confidence'}
    """
    names: dict[str, str] = {}
    taken = set(_RESERVED)
    for column in sorted(columns, key=lambda each: each.strip() in _RESERVED):  # who keeps a name has it first
        name = column
        while name.strip() in taken or not name.strip():
            name = f"metadata.{name}"
        names[column] = name
        taken.add(name.strip())  # a CSV's reader takes the white space off a name
    return names


def is_plain(messages: Sequence[Message]) -> bool:
    """Whether the input is one user text, which a file can hold as that text."""
    return len(messages) == 1 and messages[0].role == "user" and messages[0].plain


def input_cell(messages: Sequence[Message]) -> str | list[Any]:
    """The input for a column `messages`: one user text as itself, everything else as turns.

    A text that would be read as turns is written as a turn.
    """
    if is_plain(messages):
        (part,) = messages[0].parts
        if isinstance(part, TextPart) and turns_in(part.text, MESSAGES) is None:
            return part.text
    return write_turns(messages)


def turns_in(raw: Any, column: str) -> list[Any] | None:  # noqa: ANN401 - a raw cell of any type
    """The turns of a cell: a list, or its JSON text, as a CSV has to write it, in a column called `messages`."""
    if isinstance(raw, list):
        return raw
    if column != MESSAGES or not isinstance(raw, str) or not raw.lstrip().startswith("["):
        return None
    try:
        turns = read_exact(raw)
        return turns if isinstance(turns, list) and turns and read_turns(turns) else None
    except (DataError, ValueError):
        return None


def about_words(columns: Collection[str]) -> list[str]:
    """That columns of an export are not kept, for a file that has some."""
    found = [name for name in ABOUT if name in columns]
    return [f"what an export said of its rows is not kept: {', '.join(found)}"] if found else []
