"""Which column of a file is which field of a row: said by a person, or known by its name, and always told."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curator.errors import RequestError
from curator.records.exported import about_words, turns_in
from curator.records.paths import sources
from curator.records.speakers import speaker_of
from curator.records.types import LabelerKind

FIELDS = ("input", "label", "id", "group", "split", "labeler", "confidence", "time", "tools")
INPUT_COLUMNS = ("messages", "input", "text", "prompt", "question", "sentence", "utterance", "query")
DEFAULT_COLUMNS: dict[str, tuple[str, ...]] = {
    "input": INPUT_COLUMNS,
    "label": ("label", "output", "category", "intent", "answer", "completion", "response", "target"),
    "id": ("id", "row_id"),
    "group": ("group",),
    "split": ("split",),
    "labeler": ("labeler",),
    "confidence": ("confidence",),
    "time": ("time", "timestamp"),
    "tools": ("tools",),
}
_PART = re.compile(r'(?:"(?:[^"]|"")*"|[^,"])+|"')
_FIELD = re.compile(r"\s*\w+(?::[^,=\"]+)?\s*=")
_KINDS: dict[str, LabelerKind] = {
    "teacher": "teacher",
    "expert": "human",
    "production": "production",
    "import": "imported",
}
_OF_PEOPLE = re.compile(
    r"(?:human|gold|golden|expert|annotator|annotated|corrected|reviewed|reviewer|verified|true|final|manual)"
    r"[_ -]?(?:label|answer|category|intent|output|class)s?|gold|ground[_ -]?truth"
    r"|(?:label|answer|category)[_ -](?:human|gold|expert|corrected)"
)
"""Names of columns that hold a person's answer beside another one."""


def parse_mapping(text: str | None) -> dict[str, str | None]:
    """Read `--map input=text,label=category,confidence=`; a field without a column is switched off (None).

    A column's name may hold spaces and commas; in double quotes, `"` doubled, it may hold anything.

    Raises:
        RequestError: An unknown field, not of the form field=column, or a row without an input.

    >>> parse_mapping("input=text,label=category,confidence=")
    {'input': 'text', 'label': 'category', 'confidence': None}
    >>> parse_mapping('input="text, with id=1",label=a, b')
    {'input': 'text, with id=1', 'label': 'a, b'}
    """
    mapping: dict[str, str | None] = {}
    for part in _parts(text or ""):
        name, equals, column = part.partition("=")
        name, column = name.strip().strip('"').strip(), _unquoted(column.strip())
        if not equals or (name not in FIELDS and further_label(name) is None):
            msg = (
                f"--map: {part.strip()!r} is not FIELD=COLUMN; fields are {', '.join(FIELDS)}, and label:NAME for the "
                "answers of one more person (label:teacher:NAME for a model's)"
            )
            raise RequestError(msg)
        if name == "input" and not column:
            msg = f"--map: {part.strip()!r} is not FIELD=COLUMN; a row without an input is none"
            raise RequestError(msg)
        mapping[name] = column or None
    return mapping


def further_label(field: str) -> tuple[str, LabelerKind] | None:
    """Whose answers a field `label:NAME` or `label:KIND:NAME` holds, and what they are; None where it is none.

    >>> further_label("label:ana"), further_label("label:teacher:gpt"), further_label("label")
    (('ana', 'human'), ('gpt', 'teacher'), None)
    """
    first, _, rest = field.partition(":")
    if first != "label" or not rest.strip():
        return None
    kind, colon, name = rest.partition(":")
    if colon and kind in _KINDS and name.strip():
        return name.strip(), _KINDS[kind]
    return rest.strip(), "human"


def _parts(text: str) -> list[str]:
    """What stands between commas; a part that names no field belongs to the column before it."""
    parts: list[str] = []
    for part in _PART.findall(text) if text.strip() else ():
        if parts and not _FIELD.match(part) and not part.lstrip().startswith('"'):
            parts[-1] += f",{part}"
        elif part.strip():
            whole = part.strip()
            quoted = whole.startswith('"') and whole.endswith('"') and "=" in whole
            parts.append(_unquoted(whole) if quoted else part)
    return parts


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        return text[1:-1].replace('""', '"')
    return text


def resolve_mapping(
    mapping: Mapping[str, str | None], columns: Sequence[str], records: Iterable[Mapping[str, Any]] = ()
) -> dict[str, str]:
    """Complete a mapping with the usual column names.

    Args:
        mapping: What a person said; None switches a field off.
        columns: All columns of the file. One without a name is no field.
        records: Some rows. Where their conversations end in the assistant's answer, that is the answer, and no column
            is taken for it but one that is called `label`.

    Raises:
        RequestError: A mapped column is not there, or no column can be the input.
    """
    resolved: dict[str, str] = {}
    for name, column in mapping.items():
        if column is not None:
            if not sources(column, columns):
                msg = f"--map {name}={column}: no column {column!r}; the file has {_listed(columns)}"
                raise RequestError(msg)
            resolved[name] = column
    taken = {path[0] for column in resolved.values() for path in sources(column, columns)}
    for name, usual in DEFAULT_COLUMNS.items():
        if name not in mapping:
            found = next((c for c in usual if c in columns and c not in taken), None)
            if found is not None:
                resolved[name] = found
    if "input" not in resolved:
        msg = f"cannot tell which column is the input; the file has {_listed(columns)}; name it with --map input=COLUMN"
        raise RequestError(msg)
    if (
        "label" not in mapping
        and resolved.get("label", "label") != "label"
        and ends_in_answer(records, resolved["input"])
    ):
        del resolved["label"]
    return resolved


def _listed(columns: Sequence[str]) -> str:
    """Some of a file's columns, each short and without what no screen shows."""
    names = [column if column.isprintable() else repr(column)[1:-1] for column in columns[:30]]
    more = f" and {len(columns) - 30:,} more" if len(columns) > 30 else ""
    return ", ".join(name if len(name) <= 80 else f"{name[:79]}…" for name in names) + more


def ends_in_answer(records: Iterable[Mapping[str, Any]], column: str) -> bool:
    """Whether a conversation ends in the assistant's turn."""
    return any(
        (turns := turns_in(record.get(column), column))
        and isinstance(turns[-1], dict)
        and speaker_of(turns[-1]) == "assistant"
        for record in records
    )


def mapping_words(mapping: Mapping[str, str | None], resolved: Mapping[str, str], columns: Sequence[str]) -> list[str]:
    """What a person should know of a mapping that was completed: what was taken by name, and what was not."""
    words = []
    by_name = [f"{name}={column}" for name, column in resolved.items() if name not in mapping]
    if by_name:
        switch = ", ".join(f"{name}=" for name in resolved if name not in mapping and name != "input")
        off = f"; --map {switch.partition(',')[0]} switches one off" if switch else ""
        words.append(f"taken by the column's name: {', '.join(by_name)}{off}")
    words += about_words([column for column in columns if column not in resolved.values()])
    people = [c for c in columns if c not in resolved.values() and _OF_PEOPLE.fullmatch(c.strip().lower())]
    if people and "label" in resolved:
        words.append(
            f"column {people[0]!r} looks like a person's answer beside {resolved['label']!r}, and is kept as metadata; "
            f'--map "label:human={people[0]}" takes it as what a person said'
        )
    passed = [c for c in DEFAULT_COLUMNS["label"] if c in columns and c not in resolved.values()]
    if "label" not in resolved and "label" not in mapping and passed:
        words.append(
            f"the assistant's last turn is the answer, not {', '.join(passed)}; --map label={passed[0]} takes it"
        )
    return words
