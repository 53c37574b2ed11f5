"""Names that people give (to a dataset, a task, a label, a labeler) and what they may hold.

A name becomes part of a path, a command, a manifest and a page. So there is one place that says what one is, for
every door it can come in by.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from curator.errors import RequestError
from curator.text import squeeze

LENGTH = 100
"""Characters of a name."""
TEXT_LENGTH = 500
"""Characters of a name that is only shown: a task's, a label, a labeler."""
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
"""Names that no file can have on some systems."""
JOINERS = "\u200c\u200d"
"""Format characters that words of some scripts and emoji are spelled with."""
_SEPARATORS = '@/\\:*?"<>|'
"""`@` parts a name from a version's number; the others part paths, or are none on some systems."""


def check_name(name: str, what: str = "dataset") -> str:
    """See that a name can be a folder's, a command's argument and a version's first half.

    Args:
        name: The name.
        what: What it names, for the message.

    Returns:
        The name as it is.

    Raises:
        RequestError: With the reason.

    >>> check_name("support-mails_2"), check_name("Zürich.v2")
    ('support-mails_2', 'Zürich.v2')
    """
    why = _fault(name)
    if why is not None:
        msg = f"{what} name {name[:LENGTH]!r} {why}; use letters, digits, '-', '_' and '.'"
        raise RequestError(msg)
    return name


def check_shown(name: str, what: str) -> str:
    """See that a name that is only shown shows as what it is: no control or direction characters, not too long.

    Raises:
        RequestError: With the reason.
    """
    if len(name) > TEXT_LENGTH:
        msg = f"{what} {name[:40]!r}… has {len(name):,} characters, at most {TEXT_LENGTH} are taken"
        raise RequestError(msg)
    hidden = next((c for c in name if _hidden(c) and c not in JOINERS), None)
    if hidden is not None:
        msg = f"{what} {name!r} holds the invisible character {_called(hidden)}; leave it out"
        raise RequestError(msg)
    return name


def check_person(name: object) -> str:
    """The name of a person who says something, without white space at its ends.

    Raises:
        RequestError: It is no text, empty, too long, or holds what does not show: a name that looks like another's.
    """
    if not isinstance(name, str) or not name.strip():
        msg = "`reviewer` is missing: whoever says something gives a name"
        raise RequestError(msg)
    return check_shown(name.strip(), "reviewer")


def one_spelling(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Each reviewer's name -> the spelling that the person is kept under: the first of those known, else of the names.

    Names that differ in case, white space, the width of letters or what does not show alone are one person. To take
    two people for one asks for one look more; to take one for two would count a first look as a second opinion.

    >>> one_spelling(["ana ", "Ben", "BEN"], known=["Ana"])
    {'ana ': 'Ana', 'Ben': 'Ben', 'BEN': 'Ben'}
    """
    first: dict[str, str] = {}
    for name in known:
        first.setdefault(_person(name), name)
    return {name: first.setdefault(_person(name), name.strip()) for name in names}


def same_person(one: str, other: str) -> bool:
    """Whether two reviewers' names are one person's (see `one_spelling`)."""
    return _person(one) == _person(other)


def _person(name: str) -> str:
    return "".join(c for c in squeeze(name).casefold() if not _hidden(c))


def file_stem(name: str) -> str:
    r"""A name as part of a file's name: as it is where `check_name` takes it, else a harmless form with its hash.

    Datasets made before names were checked keep their names, and their files stay in their folder.

    >>> file_stem("support"), file_stem("../x").startswith("_x-")
    ('support', True)
    """
    if _fault(name) is None:
        return name
    plain = re.sub(r"[^A-Za-z0-9-]+", "_", name)[:40]
    return f"{plain}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _fault(name: str) -> str | None:
    """What is wrong with a name, as a predicate."""
    if not name.strip():
        return "is empty"
    if len(name) > LENGTH or len(name.encode("utf-8", "surrogatepass")) > 2 * LENGTH:
        return f"is too long (at most {LENGTH} characters, {2 * LENGTH} bytes)"
    for character in name:
        if _hidden(character):
            return f"holds the invisible character {_called(character)}"
        if character in _SEPARATORS or character.isspace():
            return f"may not hold {character!r}"
    if name.startswith((".", "-")) or name.endswith("."):
        return "may not begin with '.' or '-', nor end with '.'"
    if name.partition(".")[0].casefold() in _RESERVED:
        return "is reserved on some systems"
    if unicodedata.normalize("NFC", name) != name:
        return "is not in Unicode's composed form (NFC), so that two names could look the same"
    return None


def _hidden(character: str) -> bool:
    """Whether it is a control, direction or other format character, a line's end, or half of a surrogate pair."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _called(character: str) -> str:
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")
