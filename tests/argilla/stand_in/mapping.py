"""Mappings and values as Elasticsearch keeps them, as far as argilla-server 2.8 uses them."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

NUMBERS = {"integer", "long", "float", "double", "short"}
DATES = {"date", "date_nanos"}
GROUPS = ("object", "nested")

Json = dict[str, Any]
Value = str | float | int


class EngineError(Exception):
    """What the engine would answer with: a status, a type and a reason."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.kind, self.reason = status, kind, reason


def bad(reason: str, kind: str = "parsing_exception") -> EngineError:
    """A request that the engine does not take. The stand-in never guesses."""
    return EngineError(400, kind, reason)


def expand(properties: Json) -> Json:
    """`{"a.b": m}` becomes `{"a": {"properties": {"b": m}}}`."""
    made: Json = {}
    for key, given in properties.items():
        one = dict(given)
        if "properties" in one:
            one["properties"] = expand(one["properties"])
        head, _, rest = key.partition(".")
        merge(made, {head: {"properties": expand({rest: one})} if rest else one})
    return made


def merge(into: Json, new: Json) -> None:
    """Add properties; a property never changes its type."""
    for name, given in new.items():
        if name not in into:
            into[name] = given
            continue
        old = into[name]
        was, wanted = old.get("type", "object"), given.get("type", old.get("type", "object"))
        if was != wanted:
            msg = f"mapper [{name}] cannot be changed from type [{was}] to [{wanted}]"
            raise bad(msg, "illegal_argument_exception")
        inner = given.get("properties")
        old.update({k: v for k, v in given.items() if k != "properties"})
        if inner:
            merge(old.setdefault("properties", {}), inner)


def normal(kind: str, value: Any) -> Value:
    """A value as the engine compares it: 32 bits for a float, nanoseconds for a date, text for all else."""
    try:
        if kind == "float":
            return float(struct.unpack("f", struct.pack("f", float(value)))[0])
        if kind in NUMBERS:
            return float(value)
        if kind in DATES:
            return _nanoseconds(value)
    except (TypeError, ValueError, OverflowError) as error:
        msg = f"failed to parse value [{value!r}] for type [{kind}]"
        raise bad(msg, "document_parsing_exception") from error
    return str(value).lower() if isinstance(value, bool) else str(value)


def _nanoseconds(value: Any) -> int:
    if isinstance(value, int | float):
        return int(value * 1e6)
    moment = datetime.fromisoformat(str(value))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1e6) * 1000


def flat(value: Any) -> list[Any]:
    """Nested lists as one, without nulls."""
    if value is None:
        return []
    return [y for x in value for y in flat(x)] if isinstance(value, list) else [value]


class Mapping:
    """What fields an index has. With `dynamic: strict` an unknown field is an error, as in the real engine."""

    def __init__(self, body: Json) -> None:
        self.dynamic = body.get("dynamic", True)
        self.properties = expand(body.get("properties", {}))

    def put(self, properties: Json) -> None:
        """Add properties."""
        merge(self.properties, expand(properties))

    def kind(self, field: str) -> str | None:
        """The type of a field by its path, None where it is not mapped or not indexed."""
        properties, found = self.properties, None
        for part in field.split("."):
            found = properties.get(part)
            if found is None or found.get("enabled") is False:
                return None
            properties = found.get("properties", {})
        return None if found is None else str(found.get("type", "object"))

    def values(self, source: Json, field: str) -> list[Any]:
        """The indexed values of a field in a document."""
        kind = self.kind(field)
        if kind is None:
            return []
        found: list[Any] = [source]
        for part in field.split("."):
            found = [x[part] for c in found for x in flat(c) if isinstance(x, dict) and part in x]
        values = flat(found)
        return values if kind in GROUPS else [normal(kind, v) for v in values]

    def text_fields(self, properties: Json | None = None, path: str = "") -> Iterator[str]:
        """Paths of the fields that hold text."""
        for name, given in (self.properties if properties is None else properties).items():
            if given.get("enabled") is False:
                continue
            if given.get("properties"):
                yield from self.text_fields(given["properties"], f"{path}{name}.")
            elif given.get("type") in ("text", "keyword"):
                yield f"{path}{name}"

    def check(self, source: Json) -> None:
        """Refuse a document that does not fit, and learn the fields of a dynamic part."""
        self._check(source, self.properties, self.dynamic, "")

    def _check(self, source: Json, properties: Json, dynamic: Any, path: str) -> None:
        for name, value in source.items():
            given = properties.get(name)
            if given is None:
                if str(dynamic).lower() == "strict":
                    msg = f"mapping set to strict, dynamic introduction of [{path}{name}] is not allowed"
                    raise bad(msg, "strict_dynamic_mapping_exception")
                if value is None or str(dynamic).lower() == "false":
                    continue
                given = properties[name] = _guess(value)
            if given.get("enabled") is not False:
                self._check_value(value, given, given.get("dynamic", dynamic), f"{path}{name}")

    def _check_value(self, value: Any, given: Json, dynamic: Any, path: str) -> None:
        kind = given.get("type", "object")
        for one in flat(value):
            if kind in GROUPS:
                if not isinstance(one, dict):
                    msg = f"object mapping for [{path}] tried to parse field as object, but found a value"
                    raise bad(msg, "document_parsing_exception")
                self._check(one, given.setdefault("properties", {}), dynamic, f"{path}.")
            elif isinstance(one, dict):
                msg = f"failed to parse field [{path}] of type [{kind}]"
                raise bad(msg, "document_parsing_exception")
            else:
                normal(kind, one)


def _guess(value: Any) -> Json:
    if isinstance(value, dict):
        return {"type": "object", "properties": {}}
    return {"type": "text"} if isinstance(value, str) else {"type": "float"}
