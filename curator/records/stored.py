"""How a frozen record comes back from the JSON that the store keeps of it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from curator.errors import StoreError

Record = TypeVar("Record")


@lru_cache(maxsize=64)
def _adapter(record: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(record)


def read_stored(record: type[Record], content: Mapping[str, Any], what: str) -> Record:
    """The record (a dataclass) that this JSON was made from. Keys that it has no field for are left out.

    Args:
        record: The class to read.
        content: The JSON, parsed.
        what: What is read, for the error: "evaluation report ev-1a2b".

    Raises:
        StoreError: A field is missing or of another type.
    """
    try:
        made: Record = _adapter(cast("Any", record)).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        msg = f"{what} in the store is not readable: {where}: {first['msg']}; restore the store from a backup"
        raise StoreError(msg) from error
    return made
