"""ShareGPT: `{"conversations": [{"from": "human", "value": …}, …]}`, with `system` and `tools` as trainers add them.

Turns in which LLaMA-Factory writes calls and results of tools are read as such: `curator.records.speakers`.
"""

from collections.abc import Mapping
from typing import Any

from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.turns import answered, is_turns, rest, tools_in, with_system
from curator.records import Given, Rejected

_COLUMNS = ("conversations", "conversation")


def fits(record: RawRecord) -> bool:
    """A list of turns with `from` and `value`."""
    return any(is_turns(record.get(name), "from", "value") for name in _COLUMNS)


def read(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """The conversation; its last turn is the answer where it is the model's."""
    column = next((name for name in _COLUMNS if isinstance(record.get(name), list)), _COLUMNS[0])
    turns, labels = answered(with_system(turns_of(record.get(column)), record.get("system")))
    return (
        Given(
            input=turns,
            tools=tools_in(record.get("tools")),
            metadata=rest(record, column, "system", "tools"),
            labels=labels,
        ),
    )


def turns_of(raw: Any) -> list[RawRecord]:  # noqa: ANN401 - raw JSON
    """ShareGPT's turns as chat turns.

    Raises:
        Rejected: It is no list of them.
    """
    if not isinstance(raw, list):
        raise Rejected("bad_messages", f"the conversation is {type(raw).__name__}, expected a list of turns")
    odd = next((n for n, turn in enumerate(raw) if not isinstance(turn, Mapping) or "value" not in turn), None)
    if odd is not None:
        detail = f"turn {odd} is {str(raw[odd])[:40]!r}, expected an object with from and value"
        raise Rejected("bad_messages", detail)
    return [dict(turn) for turn in raw]


SHAREGPT = ImportFormat("sharegpt", "ShareGPT conversations", fits, read)
