"""Faults of instruction data: inputs that say there is none, that are an address alone, or that are several in one."""

import re
from collections.abc import Sequence

from curator.checks.hygiene import Fault
from curator.records import TaskKind
from curator.text import normalise

_NO_INPUT = r"(?:no|without)[ _-]?(?:input|context|text|data)"
_BRACKETED = re.compile(rf"(?i)[<\[{{(]\s*(?:{_NO_INPUT}|input|none|null|nan|n/?a|empty)\s*[>\]}})]")
_NAMED = re.compile(f"(?i){_NO_INPUT}")
_SAID = re.compile(
    rf"(?i)\W*(?:input\s*:\s*)?(?:{_NO_INPUT}(?:\s+(?:is\s+)?(?:needed|required|necessary|available|provided|given))?"
    r"|n/a|not applicable|nan|null)\W*"
)
_NONE_AFTER = re.compile(r"(?i)\s*(?:input|context)\s*:\s*(?:none|nothing|empty|-+)\W*")
_LINK = r"(?:https?://|www\.)\S+|[\w\-]+(?:\.[\w\-]+)*\.(?:com|org|net|edu|gov|io|co\.uk|de|fr)(?:/\S*)?"
_LINKS = re.compile(
    rf"(?i)\W*(?:(?:url|link|input|source|article|website)\s*:\s*)?(?:{_LINK})(?:[\s,;]+(?:{_LINK}))*\W*"
)
_SHORT_REQUEST = 30  # words beside an address; a longer text has something of its own to work on
_LABEL = re.compile(r"(?im)^\s*(?:#+\s*)?(?:\d+\s*[.)]\s*)?(instruction|input|output|response)s?\s*\d*\s*:")
_NUMBERED = re.compile(r"(?im)(?:^|\s)#*\s*(?:\d+\s*[.)]\s*instruction|instruction\s*#?\s*\d+)\s*:")
_BOUNDARY = re.compile(r"(?<=[.!?。！？])\s+|\s*\n\s*|(?<=[。！？])|\s+(?:and then|also,|additionally,)\s+")
_OWN_TASK = 0.5  # where more inputs than this share are addresses, addresses are what the task is about
_MOST_PIECES = 40


def instruction_faults(texts: Sequence[str], kind: TaskKind, notes: list[str]) -> list[Fault]:
    """Find inputs that a teacher cannot have worked on as they stand.

    Args:
        texts: The input of each row.
        kind: Kind of the task.
        notes: Gets what was taken for the task itself, in words.
    """
    rows = tuple(row for row, text in enumerate(texts) if _without_input(text, kind))
    found = [Fault("no_input_marker", rows, "a mark that there is no input stands in the text",
                   "cut the mark: a student would meet it nowhere else")] if rows else []  # fmt: skip
    rows = tuple(row for row, text in enumerate(texts) if _only_links(text, kind))
    if rows and len(rows) <= max(3, _OWN_TASK * len(texts)):
        found.append(Fault("url_only", rows, "the input is an address, whose content nobody sent",
                           "put the content in its place, or exclude these rows: the answer was made up"))  # fmt: skip
    elif rows:
        notes.append(f"format: {len(rows):,} of {len(texts):,} inputs are addresses: taken for the task")
    if kind == "text":
        rows = _merged(texts)
        found += [Fault("merged_instructions", rows, "several instructions stand in one input",
                        "split the row: each instruction with its own answer")] if rows else []  # fmt: skip
    return found


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _without_input(text: str, kind: TaskKind) -> bool:
    lines = _lines(text)
    if not lines:
        return False
    if any(_NAMED.search(mark) or mark == text.strip() for mark in _BRACKETED.findall(text)):
        return True
    if kind == "classification":
        return False
    last = lines[-1] if len(lines) > 1 else ""
    return any(pattern.fullmatch(part) for pattern, part in
               ((_SAID, text), (_SAID, last), (_NONE_AFTER, last), (_BRACKETED, last)) if part)  # fmt: skip


def _only_links(text: str, kind: TaskKind) -> bool:
    if "." not in text:
        return False
    if _LINKS.fullmatch(text):
        return True
    lines = _lines(text)
    if kind != "text" or len(lines) < 2 or len(text.split()) > _SHORT_REQUEST or not _LINKS.fullmatch(lines[-1]):
        return False
    return re.search(r"(?i)\b(?:url|link|domain|address|website|hyperlink|webpage)s?\b", "\n".join(lines[:-1])) is None


def _merged(texts: Sequence[str]) -> tuple[int, ...]:
    forms = [normalise(text) for text in texts]
    whole = {form for form in forms if len(form.split()) >= 3 or len(form) >= 12}
    return tuple(
        row for row, text in enumerate(texts)
        if _labelled(text) or _is_two(text, forms[row], whole)
    )  # fmt: skip


def _labelled(text: str) -> bool:
    if ":" not in text:
        return False
    labels = [found.lower() for found in _LABEL.findall(text)]
    asked = labels.count("instruction")
    answered = "output" in labels or "response" in labels
    return asked > 1 or (asked > 0 and answered) or len(_NUMBERED.findall(text)) > 0


def _is_two(text: str, form: str, whole: set[str]) -> bool:
    """Whether the text is two other inputs of the set, one after the other."""
    places = [found.span() for found in _BOUNDARY.finditer(text)]
    if not 0 < len(places) <= _MOST_PIECES:
        return False
    for start, end in places:
        first, rest = normalise(text[:start]), normalise(text[end:])
        if first != form and rest != form and first in whole and rest in whole:
            return True
    return False
