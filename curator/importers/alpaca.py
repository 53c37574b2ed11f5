"""Alpaca: `instruction`, `input` and `output`, with `system` and `history` as LLaMA-Factory adds them.

The instruction and the input together are what is asked, with a line feed between them, as LLaMA-Factory joins them.
"""

from typing import Any

from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.turns import rest, tools_in, with_system
from curator.records import Given, GivenLabel, Rejected

_ASKED = ("instruction", "input", "system", "history")
_FIELDS = (*_ASKED, "output", "tools")


def fits(record: RawRecord) -> bool:
    """An instruction beside its output, or beside its input; both as texts."""
    return isinstance(record.get("instruction"), str) and any(
        isinstance(record.get(name), str) for name in ("output", "input")
    )


def read(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """The instruction with its input; the output is the answer."""
    answer = record.get("output")
    return (
        Given(
            input=asked(record),
            tools=tools_in(record.get("tools")),
            metadata=rest(record, *_FIELDS),
            labels=() if answer is None else (GivenLabel(answer),),
        ),
    )


def asked(record: RawRecord) -> list[Any]:
    """The turns before the answer.

    Raises:
        Rejected: The history is no list of pairs.
    """
    turns = []
    for pair in record.get("history") or ():
        if not isinstance(pair, list) or len(pair) != 2:
            raise Rejected("bad_messages", f"history holds {str(pair)[:60]!r}, expected [question, answer]")
        turns += [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
    parts = [str(record[name]) for name in ("instruction", "input") if record.get(name) not in (None, "")]
    turns.append({"role": "user", "content": "\n".join(parts)})
    return with_system(turns, record.get("system"))


ALPACA = ImportFormat("alpaca", "Alpaca instructions", fits, read)
