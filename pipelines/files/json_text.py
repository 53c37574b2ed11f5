"""One JSON text -> one object, exactly: every digit, no key twice, no NaN, no half of a character.

orjson is fast, but makes floats of integers beyond 64 bits and of 1.10, and keeps the last of two equal keys without a
word. So what may hold one of them is read again by the standard library, which can say so.
"""

import json
import re
from typing import Any, NoReturn

import orjson

from curator.records import Number
from pipelines.files.row import MAX_LINE, RawRow, shown
from pipelines.files.unpack import ENCODING_WORDS

_AS_ZERO = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19
_DECIMAL = re.compile(rb"[:\[,]\s*(-?\d+[.eE][^\s,\]}]*)")
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Unread(ValueError):
    """Why a text is not taken: a countable reason and a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def object_row(line: int, body: bytes, *, part: int = 0, notes: tuple[str, ...] = ()) -> RawRow:
    """The row of a JSON text that should be one object.

    Reasons: line_too_long, invalid_utf8, malformed_json, not_an_object, duplicate_key.
    """
    try:
        return RawRow(line, parse_object(body), notes=notes, part=part)
    except _Unread as error:
        return RawRow(line, None, error.reason, str(error), shown(body), notes, part)


def parse_object(body: bytes) -> dict[str, Any]:
    """Read one object.

    Raises:
        ValueError: It is none; the row of `object_row` says why.
    """
    if len(body) > MAX_LINE:
        reason, detail = "line_too_long", f"the row has {len(body):,} bytes, at most {MAX_LINE:,} are read"
        raise _Unread(reason, detail)
    try:
        record = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        _explain(body, error)
    if not isinstance(record, dict):
        reason, detail = "not_an_object", f"expected a JSON object, found {_kind(record)}"
        raise _Unread(reason, detail)
    return record if _plain(body, record) else _exact(body)


def _kind(value: Any) -> str:  # noqa: ANN401 - raw JSON
    names = {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return "null" if value is None else names[type(value)]


def _plain(body: bytes, record: dict[str, Any]) -> bool:
    r"""Whether orjson's reading is surely exact.

    No run of 19 digits, no decimal that Python writes in another way (1.10, 1e5), and as many `":` as keys. A text
    that holds `\":` only raises the count, and a key with white space before its colon, which would lower it, is
    looked for: so a hidden second key cannot come out equal.
    """
    if _LONG_NUMBER in body.translate(_AS_ZERO):
        return False
    if any(not _as_python_writes(number) for number in _DECIMAL.findall(body)):
        return False
    if b" :" in body or b"\t:" in body or b"\n:" in body or b"\r:" in body:
        return False
    return body.count(b'":') == _keys(record)


def _as_python_writes(number: bytes) -> bool:
    try:
        return repr(float(number)).encode() == number
    except ValueError:  # it stands in a text
        return False


def _keys(value: dict[str, Any] | list[Any]) -> int:
    """The number of keys, at any depth."""
    if type(value) is dict:
        inner: Any = value.values()
        number = len(value)
    else:
        inner, number = value, 0
    for each in inner:
        if type(each) is dict or type(each) is list:
            number += _keys(each)
    return number


def _exact(body: bytes) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(
            body, object_pairs_hook=_once, parse_float=Number, parse_constant=_no_number
        )
    except RecursionError as error:
        reason, detail = "malformed_json", "the object is nested too deeply"
        raise _Unread(reason, detail) from error
    except json.JSONDecodeError as error:
        raise _Unread("malformed_json", str(error)) from error
    except _Unread:
        raise
    except ValueError as error:  # a number of more digits than Python reads
        raise _Unread("malformed_json", str(error).partition(";")[0]) from error
    return record


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        reason, detail = "duplicate_key", f"key {twice[:80]!r} stands twice in one object; keep one of them"
        raise _Unread(reason, detail)
    return made


def _no_number(name: str) -> NoReturn:
    reason, detail = "malformed_json", f"{name} is no JSON value; write null for a missing number"
    raise _Unread(reason, detail)


def _explain(body: bytes, error: orjson.JSONDecodeError) -> NoReturn:
    """Say why a text cannot be read, better than the fast reader does."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as odd:
        reason = "invalid_utf8"
        detail = f"byte {odd.start} (0x{body[odd.start]:02X}) is not UTF-8; {ENCODING_WORDS}"
        raise _Unread(reason, detail) from error
    detail = str(error)
    try:
        value = json.loads(text, parse_constant=_no_number)
        if _SURROGATE.search(json.dumps(value, ensure_ascii=False)):
            detail = f"a \\u escape is half of a character (a lone surrogate); {error}"
    except _Unread:
        raise
    except (ValueError, RecursionError):
        pass
    raise _Unread("malformed_json", detail) from error
