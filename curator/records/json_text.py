r"""JSON as it was written: the order of keys, every digit, and no key that hides another.

`json` and `orjson` both read for a program: a number beyond 64 bits, or 1.10, becomes the nearest float, and the second
of two equal keys wins without a word. What comes in here goes out again as the same text of values:

>>> write_exact(read_exact('{"b": 1.10, "a": 12345678901234567890123}'))
'{"b":1.10,"a":12345678901234567890123}'
"""

import base64
import datetime
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from curator.errors import DataError
from curator.records.structured import TooDeepError, nested_too_deep

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)  # `json.dumps` makes one for each call


class Number(float):
    """A number with a point or an exponent; `text` is how it was written."""

    text: str

    def __new__(cls, text: str) -> "Number":
        """A float that remembers its spelling."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __repr__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type["Number"], tuple[str]]:
        return Number, (self.text,)


class DuplicateKeyError(DataError):
    """An object with a key that stands in it twice: readers disagree which counts."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the key {key[:60]!r} stands twice in one object, and readers disagree which counts; keep one"
        )
        self.key = key


def read_exact(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Read JSON exactly: integers of any length, other numbers as `Number`, keys in their order.

    Raises:
        DuplicateKeyError: A key stands twice in one object.
        TooDeepError: It is nested deeper than `structured.DEPTH`.
        ValueError: It is not JSON (NaN and Infinity are none), or holds an integer of over 4,300 digits.
    """
    text = text.decode() if isinstance(text, bytes) else text
    if nested_too_deep(text):
        raise TooDeepError("the JSON")
    return json.loads(text, object_pairs_hook=_once, parse_float=Number, parse_constant=_no_constant)


def _once(items: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(items)
    if len(made) != len(items):
        seen: set[str] = set()
        for key, _ in items:
            if key in seen:
                raise DuplicateKeyError(key)
            seen.add(key)
    return made


def _no_constant(name: str) -> Any:  # noqa: ANN401 - as `json` types the hook
    msg = f"{name} is not JSON; write a number or null"
    raise ValueError(msg)


def write_exact(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write JSON without spaces, in the order of the keys; the inverse of `read_exact`.

    Raises:
        ValueError: NaN or an infinity, or half of a surrogate pair.
        TypeError: A value or a key that JSON does not have.
    """
    text = _written(value)
    text.encode()  # a lone surrogate is told here, as a ValueError
    return text


def _written(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        if odd := [key for key in value if not isinstance(key, str)]:
            msg = f"the key {odd[0]!r} is no text"
            raise TypeError(msg)
        members = (f"{_ENCODER.encode(key)}:{_written(each)}" for key, each in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_written, value)) + "]"
    return _scalar(value)


def _scalar(item: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(item, Number):
        return item.text
    if isinstance(item, Decimal):
        if not item.is_finite():
            msg = f"{item} is not JSON"
            raise ValueError(msg)
        return str(item)
    if isinstance(item, float) and not math.isfinite(item):
        msg = f"{item} is not JSON"
        raise ValueError(msg)
    return _ENCODER.encode(item)


def same_json(one: str, other: str) -> bool:
    """Whether two JSON texts have the same value: the order of keys is none, and 1.0 is 1.

    >>> same_json('{"a": 1, "b": 2}', '{"b":2,"a":1.0}')
    True

    Raises:
        ValueError, DataError: One of them is not JSON.
    """
    return json_form(one) == json_form(other)


def json_form(text: str, schema: Mapping[str, Any] | None = None) -> str:
    """One text for all spellings of a JSON value: keys in one order, no spaces, 633.0 and 6.33e2 as 633.

    An array that the schema calls a set (`uniqueItems`) has its elements in one order, each once.

    >>> json_form('{"b": 633.0, "a": true}'), json_form('["b", "a"]', {"type": "array", "uniqueItems": True})
    ('{"a":true,"b":633}', '["a","b"]')

    Raises:
        ValueError, DataError: It is not JSON.
    """
    return _form(read_exact(text), schema, schema)


def _form(value: Any, schema: Any = None, whole: Any = None) -> str:  # noqa: ANN401 - any JSON value and schema
    here = _resolved(schema, value, whole)
    if isinstance(value, dict):
        parts = here.get("properties") or {}
        rest = here.get("additionalProperties")
        forms = (f"{json.dumps(key)}:{_form(value[key], parts.get(key, rest), whole)}" for key in sorted(value))
        return "{" + ",".join(forms) + "}"
    if isinstance(value, list):
        elements = [_form(each, here.get("items"), whole) for each in value]
        return "[" + ",".join(sorted(set(elements)) if here.get("uniqueItems") is True else elements) + "]"
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return json.dumps(value)
    sign, digits, exponent = Decimal(value.text if isinstance(value, Number) else value).as_tuple()
    spelled = "".join(map(str, digits)).lstrip("0")
    shown = spelled.rstrip("0")
    tens = int(exponent) + len(spelled) - len(shown)
    return ("-" if sign else "") + shown + (f"e{tens}" if tens else "") if shown else "0"


def json_ready(value: Any) -> Any:  # noqa: ANN401 - a raw cell of any type
    """A cell as JSON can hold it: bytes as the text that they are (else in base64), dates in ISO form, NaN as null."""
    if isinstance(value, dict):
        return {str(key): json_ready(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(each) for each in value]
    if isinstance(value, float | Decimal) and not math.isfinite(value) and not isinstance(value, Number):
        return None
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)


def _resolved(schema: Any, value: Any, whole: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON value and schema
    """What a schema says about a value: behind a reference into itself, and the branch that is about such a value."""
    for _ in range(8):
        if not isinstance(schema, Mapping):
            return {}
        name = schema.get("$ref")
        branches = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if isinstance(name, str) and name.startswith("#/"):
            schema = whole
            for part in name[2:].split("/"):
                schema = schema.get(part) if isinstance(schema, Mapping) else None
        elif isinstance(branches, list):
            wanted = "array" if isinstance(value, list) else "object" if isinstance(value, dict) else ""
            held = (_resolved(each, value, whole) for each in branches)
            schema = next((each for each in held if each.get("type") == wanted), None)
        else:
            return schema
    return {}
