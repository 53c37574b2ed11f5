"""JSON and TOML that others wrote, read to a limited depth and size.

Both are read, checked and written by functions that call themselves, once a level.
"""

import json
import re
import tomllib
from typing import Any

from curator.errors import DataError

DEPTH = 100
"""Objects and arrays inside one another; answers, schemas and settings have a dozen."""
BYTES = 1_000_000
"""Of a TOML file or a JSON schema."""
_MARKS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)


class TooDeepError(DataError):
    """Nested deeper than `DEPTH`."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is nested deeper than {DEPTH} levels, which no answer needs; write it flatter")


def nested_too_deep(text: str) -> bool:
    """Whether JSON is nested deeper than `DEPTH`, without parsing it. Linear in its length.

    >>> nested_too_deep("[" * 101 + "]" * 101), nested_too_deep('{"a": "' + "[" * 200 + '"}')
    (True, False)
    """
    if text.count("[") + text.count("{") <= DEPTH:
        return False
    depth = 0
    for mark in _MARKS.finditer(text):
        first = text[mark.start()]
        depth += 1 if first in "[{" else -1 if first in "]}" else 0
        if depth > DEPTH:
            return True
    return False


def too_deep(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether a value that is parsed already is nested deeper than `DEPTH`.

    >>> too_deep([[1], {"a": []}])
    False
    """
    level = [value] if isinstance(value, dict | list | tuple) else []
    for _ in range(DEPTH):
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, dict | list | tuple)  # an empty one is a level too, as its brackets are in the text
        ]
        if not level:
            return False
    return bool(level)


def read_json(text: str, what: str = "the JSON") -> Any:  # noqa: ANN401 - any JSON value
    """Parse JSON.

    Raises:
        ValueError: It is none.
        TooDeepError: It is nested deeper than `DEPTH`.
    """
    if nested_too_deep(text):
        raise TooDeepError(what)
    return json.loads(text)


def read_toml(text: str, what: str) -> dict[str, Any]:
    """Parse TOML.

    Args:
        text: The file's text.
        what: The file, for messages.

    Raises:
        DataError: It is none, or too long, or nested too deep.
    """
    if len(text) > BYTES:
        msg = f"{what} has {len(text):,} characters, at most {BYTES:,} are read"
        raise DataError(msg)
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{what} is not valid TOML: {error}"
        raise DataError(msg) from error
    except RecursionError as error:
        raise TooDeepError(what) from error
    if too_deep(parsed):
        raise TooDeepError(what)
    return parsed
