"""KTO: an answer and whether it is good (TRL, LLaMA-Factory's `kto_tag`, ms-swift). A bad one is a rejected answer."""

from typing import Any

from curator.importers.answers import as_chat
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.prompt_completion import completed
from curator.importers.turns import answered, as_turns, is_turns, rest, tools_in, with_system
from curator.records import Given, GivenLabel

_TAGS = ("label", "kto_tag")
_CHATS = ("messages", "conversations")


def fits(record: RawRecord) -> bool:
    """True or false beside a prompt with its completion, or beside a conversation that ends in an answer."""
    if not any(isinstance(record.get(tag), bool) for tag in _TAGS):
        return False
    if record.get("prompt") is not None:
        return isinstance(record.get("completion"), str) or is_turns(record.get("completion"))
    return any(is_turns(record.get(name)) or is_turns(record.get(name), "from") for name in _CHATS)


def read(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    """The prompt; the answer as a label that is accepted or rejected."""
    tag = next(name for name in _TAGS if isinstance(record.get(name), bool))
    if reading.task.kind == "classification" and {"true", "false"} <= {v.lower() for v in reading.task.labels}:
        return (_judged(record, tag, str(record[tag]).lower()),)
    if record.get("prompt") is not None:
        turns = with_system(as_turns(record["prompt"]), record.get("system"))
        asked, labels = completed(turns, record["completion"])
        taken = ("prompt", "completion")
    else:
        name = next(name for name in _CHATS if isinstance(record.get(name), list))
        asked, labels = answered(with_system(as_chat(record[name]), record.get("system")))
        taken = (name, name)
    status: Any = "accepted" if record[tag] else "rejected"
    return (
        Given(
            input=asked,
            tools=tools_in(record.get("tools")),
            metadata=rest(record, *taken, "system", "tools", tag),
            labels=tuple(GivenLabel(label.value, status=status) for label in labels),
        ),
    )


def _judged(record: RawRecord, tag: str, value: str) -> Given:
    """A row of a task whose labels are true and false: the whole conversation is what is judged."""
    name = next(name for name in ("prompt", *_CHATS) if record.get(name) is not None)
    turns = as_turns(record[name]) if isinstance(record[name], str) else as_chat(record[name])
    if "completion" in record:
        said = record["completion"]
        turns = [*turns, *([{"role": "assistant", "content": said}] if isinstance(said, str) else said)]
    return Given(
        input=with_system(turns, record.get("system")),
        tools=tools_in(record.get("tools")),
        metadata=rest(record, name, "completion", "system", "tools", tag),
        labels=(GivenLabel(value),),
    )


KTO = ImportFormat("kto", "answers that are good or bad (KTO)", fits, read, by_content=True)
