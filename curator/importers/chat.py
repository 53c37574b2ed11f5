"""`messages` with what stands beside them: a system prompt of its own, and the parts in which Anthropic calls tools.

Messages alone are rows with a column `messages`, read by the same rules.
"""

from collections.abc import Mapping
from typing import Any

from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.turns import answered, is_turns, rest, tools_in, with_system
from curator.records import Given, GivenLabel, write_exact

_TOOLS = ("tool_use", "tool_result")


def fits(record: RawRecord) -> bool:
    """Messages beside a system prompt, or with Anthropic's parts for tools."""
    turns: Any = record.get("messages")
    if not is_turns(turns) or isinstance(record.get("label"), bool):
        return False
    beside = isinstance(record.get("system"), str | list) and bool(record["system"])
    return beside or any(_parts(turn) for turn in turns)


def read(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """The conversation. Its last turn is the answer, but where a column `label` judges it."""
    turns = [each for turn in record["messages"] for each in _as_openai(turn)]
    turns = with_system(turns, record.get("system"))
    judged = record.get("label")
    asked, labels = (turns, (GivenLabel(judged),)) if judged not in (None, "") else answered(turns)
    tools = tools_in(record.get("tools"))
    return (
        Given(
            input=asked,
            tools=None if tools is None else [_tool(each) for each in tools],
            metadata=rest(record, "messages", "system", "tools", "label"),
            labels=labels,
        ),
    )


def _parts(turn: Any) -> list[Any]:  # noqa: ANN401 - raw JSON
    """The parts of a turn that call a tool or bring its result."""
    content = turn.get("content") if isinstance(turn, Mapping) else None
    parts = content if isinstance(content, list) else ()
    return [part for part in parts if isinstance(part, Mapping) and part.get("type") in _TOOLS]


def _as_openai(turn: Any) -> list[Any]:  # noqa: ANN401 - raw JSON
    """A turn of Anthropic's as the turns that say the same: results of tools are turns of their own, and come first."""
    if not _parts(turn):
        return [turn]
    others = [part for part in turn["content"] if part not in _parts(turn)]
    results = [_result(part) for part in _parts(turn) if part["type"] == "tool_result"]
    calls = [_call(part) for part in _parts(turn) if part["type"] == "tool_use"]
    said = {key: value for key, value in turn.items() if key != "content"}
    rest_of_it = [{**said, "content": others or None, **({"tool_calls": calls} if calls else {})}]
    return [*results, *(rest_of_it if others or calls else [])]


def _call(part: Mapping[str, Any]) -> dict[str, Any]:
    known = ("type", "id", "name", "input")
    more = {key: value for key, value in part.items() if key not in known}
    function = {"name": part.get("name"), "arguments": part.get("input", {})}
    return {"id": part.get("id"), "type": "function", "function": function, **more}


def _result(part: Mapping[str, Any]) -> dict[str, Any]:
    content = part.get("content")
    known = ("type", "tool_use_id", "content")
    more = {key: value for key, value in part.items() if key not in known}
    said = content if content is None or isinstance(content, str | list) else write_exact(content)
    return {"role": "tool", "tool_call_id": part.get("tool_use_id"), "content": said or "", **more}


def _tool(tool: Any) -> Any:  # noqa: ANN401 - raw JSON
    """A tool of Anthropic's as the function that it is."""
    if not isinstance(tool, Mapping) or "input_schema" not in tool:
        return tool
    known = ("name", "description", "input_schema")
    function = {"name": tool.get("name"), "description": tool.get("description"), "parameters": tool["input_schema"]}
    more = {key: value for key, value in tool.items() if key not in known}
    return {"type": "function", "function": {k: v for k, v in function.items() if v is not None}, **more}


CHAT = ImportFormat("chat", "chat messages with a system prompt or calls of tools", fits, read)
