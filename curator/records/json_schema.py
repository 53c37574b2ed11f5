"""JSON schemas: taken in where they stand alone, and held against values with limited work.

A schema is somebody's program. What it refers to is never fetched, neither from an address nor from a file; each
value is checked in a limited number of steps, and each pattern in limited time, since some patterns take longer than
anybody lives for texts of fifty characters.
"""

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from decimal import Context, Decimal
from functools import cache
from itertools import islice
from typing import Any, cast

import jsonschema
import referencing.exceptions
import referencing.jsonschema
import regex
from jsonschema import validators
from jsonschema.exceptions import ValidationError, best_match
from jsonschema_specifications import REGISTRY as SPECIFICATIONS

from curator.errors import DataError
from curator.records.ids import canonical_json
from curator.records.json_text import Number
from curator.records.structured import BYTES, DEPTH, too_deep

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]

STEPS = 300_000
"""Keywords that are held against one value before it is given up; a second or two."""
PATTERN_S = 0.1
"""Seconds of the processor for one pattern on one text."""
_DIGITS = 1_000
"""Digits within which it is reckoned whether a number is a multiple of another."""
_ERRORS = 50
"""Faults of one value that are looked at, to name the most telling one."""
DIALECTS = {
    validator.META_SCHEMA.get("$id", validator.META_SCHEMA.get("id", "")).rstrip("#"): validator
    for validator in (
        jsonschema.Draft202012Validator,
        jsonschema.Draft201909Validator,
        jsonschema.Draft7Validator,
        jsonschema.Draft6Validator,
        jsonschema.Draft4Validator,
        jsonschema.Draft3Validator,
    )
}
_FORMATS = jsonschema.FormatChecker(("date", "email", "ipv4", "ipv6", "uuid", "regex"))
"""The formats that are checked: these, `date-time`, `time` and `uri`. Others say what a text is for."""
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")
_DATA = ("enum", "const", "default", "examples")
_TIME = re.compile(r"\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_DATE_TIME = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}[Tt ]{_TIME.pattern}", re.ASCII)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*")
_left: ContextVar[list[int]] = ContextVar("curator_schema_steps")


class _GivenUp(Exception):
    """The value takes more work than one is worth; says what took it."""


def check_schema(schema: Any) -> None:  # noqa: ANN401 - raw JSON
    """See that a schema can be taken in.

    Raises:
        DataError: It is too large or too deep, of an unknown dialect, no schema by its dialect, refers to something
            outside itself, or holds a pattern that is none.
    """
    if not isinstance(schema, dict):
        msg = "it must be a JSON object"
        raise DataError(msg)
    if too_deep(schema):
        msg = f"it is nested deeper than {DEPTH} levels"
        raise DataError(msg)
    size = len(canonical_json(schema))
    if size > BYTES:
        msg = f"it has {size:,} bytes, at most {BYTES:,} are taken"
        raise DataError(msg)
    try:
        _dialect(schema).check_schema(schema)
    except jsonschema.SchemaError as error:
        msg = f"{error.message[:300]} (at {error.json_path})"
        raise DataError(msg) from error
    except RecursionError as error:
        msg = "it is nested too deeply to be checked"
        raise DataError(msg) from error
    parts = list(_schemas(schema))
    _check_references(schema, parts)
    _check_patterns(parts)


def problem(schema: Mapping[str, Any], value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """What of a value does not fit the schema, in words; None where it fits.

    A schema of an older store may refer to what is outside of it: that is said, and nothing is fetched.
    """
    token = _left.set([STEPS])
    try:
        validator = _bounded(_dialect(schema))(schema, registry=SPECIFICATIONS, format_checker=_FORMATS)
        found = best_match(islice(validator.iter_errors(value), _ERRORS))
    except _GivenUp as error:
        return f"cannot be checked by the schema: {error}"
    except RecursionError:
        return "cannot be checked by the schema: one of them is nested too deeply, or the schema refers to itself"
    except referencing.exceptions.Unresolvable as error:
        return f"cannot be checked: the schema refers to {error.ref!r}, which is not in it, and nothing is fetched"
    finally:
        _left.reset(token)
    return None if found is None else f"does not fit the schema at {found.json_path}: {found.message[:200]}"


def _dialect(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a class of jsonschema
    named = schema.get("$schema")
    if named is None:
        return jsonschema.Draft202012Validator
    known = DIALECTS.get(named.rstrip("#")) if isinstance(named, str) else None
    if known is None:
        msg = f"its dialect {str(named)[:100]!r} is unknown; `$schema` may be one of {', '.join(DIALECTS)}"
        raise DataError(msg)
    return known


def _schemas(schema: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - raw JSON
    """The schema and every schema inside it; what is data there (`enum`, `const`, …) is left out."""
    todo = [schema]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo += part
        elif isinstance(part, dict):
            yield part
            for key, inner in part.items():
                if key in _NAMED and isinstance(inner, dict):
                    todo += inner.values()
                elif key not in _DATA:
                    todo.append(inner)


def _check_references(schema: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    identities = {part[name] for part in parts for name in ("$id", "id") if isinstance(part.get(name), str)}
    own = {identity.partition("#")[0] for identity in identities}
    plain = own <= {str(schema.get("$id", schema.get("id", ""))).partition("#")[0]}
    dialect = cast("str", _dialect(schema).META_SCHEMA.get("$schema"))
    specification = referencing.jsonschema.specification_with(dialect)
    resolver = SPECIFICATIONS.resolver_with_root(specification.create_resource(schema))
    for reference in (part[name] for part in parts for name in _REFERENCES if isinstance(part.get(name), str)):
        address = reference.partition("#")[0]
        known = not address or address in own or any(i.rsplit("/", 1)[-1] == address for i in own)
        if not known and address not in SPECIFICATIONS and f"{address}#" not in SPECIFICATIONS:
            msg = f"it refers to {reference[:200]!r}: nothing is fetched; copy what is meant into the schema's `$defs`"
            raise DataError(msg)
        if plain and reference.startswith("#"):
            try:
                resolver.lookup(reference)
            except referencing.exceptions.Unresolvable as error:
                msg = f"it refers to {reference[:200]!r}, which is not in it"
                raise DataError(msg) from error


def _check_patterns(parts: list[dict[str, Any]]) -> None:
    for part in parts:
        named = part.get("patternProperties")
        for pattern in (part.get("pattern"), *(named if isinstance(named, dict) else ())):
            if isinstance(pattern, str):
                _compiled(pattern)
    if any("unevaluatedProperties" in p for p in parts) and any("patternProperties" in p for p in parts):
        msg = "it has both unevaluatedProperties and patternProperties; use additionalProperties with the latter"
        raise DataError(msg)


@cache
def _bounded(dialect: Any) -> Any:  # noqa: ANN401 - a class of jsonschema
    """The dialect with every keyword counted, and patterns in limited time."""
    own: dict[str, Keyword] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
        "multipleOf": _multiple_of,
        "divisibleBy": _multiple_of,
    }
    keywords = {name: own.get(name, keyword) for name, keyword in dialect.VALIDATORS.items()}
    return validators.extend(dialect, {name: _counted(keyword) for name, keyword in keywords.items()})


def _counted(keyword: Keyword) -> Keyword:
    def run(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[ValidationError] | None:  # noqa: ANN401
        left = _left.get()
        left[0] -= 1 + (len(value) // 1_000 if isinstance(value, str | list | dict) else 0)
        if left[0] < 0:
            msg = f"that takes more than {STEPS:,} steps"
            raise _GivenUp(msg)
        return keyword(validator, wanted, value, schema)

    return run


@cache
def _compiled(pattern: str) -> Any:  # noqa: ANN401 - regex has no types
    try:
        return regex.compile(pattern)
    except regex.error as error:
        msg = f"its pattern {pattern[:100]!r} is no regular expression: {error}"
        raise DataError(msg) from error


def _matches(pattern: str, text: str) -> bool:
    try:
        # `concurrent`: others go on meanwhile.
        return _compiled(pattern).search(text, timeout=PATTERN_S, concurrent=True) is not None
    except TimeoutError as error:
        msg = f"its pattern {pattern[:100]!r} takes too long for {text[:40]!r}"
        raise _GivenUp(msg) from error
    except DataError as error:  # a schema of an older store
        raise _GivenUp(str(error)) from error


def _pattern(_validator: Any, pattern: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401
    if isinstance(value, str) and not _matches(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401
    if isinstance(value, dict):
        for pattern, inner in patterns.items():
            for name, item in value.items():
                if _matches(pattern, name):
                    yield from validator.descend(item, inner, path=name, schema_path=pattern)


def _additional_properties(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401
    if not isinstance(value, dict):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extra = [name for name in value if name not in named and not any(_matches(p, name) for p in patterns)]
    if isinstance(wanted, dict):
        for name in extra:
            yield from validator.descend(value[name], wanted, path=name)
    elif wanted is False and extra:
        yield ValidationError(f"unexpected properties: {', '.join(map(repr, extra[:10]))}")


def _unique_items(_validator: Any, wanted: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401
    """By hash: comparing every two items takes hours for a long list."""
    if wanted and isinstance(value, list) and len(set(map(_key, value))) < len(value):
        yield ValidationError(f"{value!r} has non-unique elements")


def _key(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Equal for equal JSON values: 1 is 1.0, and neither is true."""
    if isinstance(value, dict):
        return "object", frozenset((name, _key(item)) for name, item in value.items())
    if isinstance(value, list):
        return "array", tuple(map(_key, value))
    return type(value) is bool, value


def _multiple_of(_validator: Any, wanted: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401
    """By the digits as they were written: 19.99 is a multiple of 0.01, and as floats it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    one, step = _decimal(value), _decimal(wanted)
    # As many digits as the quotient has before its point, so that the remainder is exact.
    digits = max(one.adjusted() - step.adjusted(), 0) + len(one.as_tuple().digits) + len(step.as_tuple().digits) + 2
    if digits > _DIGITS:
        msg = f"whether it is a multiple of {wanted} takes more than {_DIGITS:,} digits"
        raise _GivenUp(msg)
    if Context(prec=digits).remainder(one, step):
        yield ValidationError(f"{value!r} is not a multiple of {wanted}")


def _decimal(number: float) -> Decimal:
    return Decimal(number.text if isinstance(number, Number) else repr(number))


def _date_time(value: object) -> bool:
    """RFC 3339: a date, a time and its offset."""
    return not isinstance(value, str) or (_DATE_TIME.fullmatch(value) is not None and _is_moment(value))


def _time(value: object) -> bool:
    return not isinstance(value, str) or (_TIME.fullmatch(value) is not None and _is_moment(f"2000-01-01T{value}"))


def _is_moment(text: str) -> bool:
    # A leap second is a second, which `datetime` does not know.
    try:
        datetime.datetime.fromisoformat(text.upper().replace(":60", ":59"))
    except ValueError:
        return False
    return True


def _uri(value: object) -> bool:
    return not isinstance(value, str) or _URI.fullmatch(value) is not None


for _name, _check in (("date-time", _date_time), ("time", _time), ("uri", _uri)):
    _FORMATS.checks(_name)(_check)
