"""Files as people have them: twelve conversations of which one, or the file as a whole, is malformed or unusual.

A case is a name and what becomes of the rows; `files` writes it in the shape of a format. Nothing here says what is
right: the trainers' own loaders do (`loader_verdicts.py`).
"""

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

Row = Any
AT = 6
"""The row that is changed."""
ROWS = 12


def turn(role: Any, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def base() -> list[Row]:
    return [
        {
            "messages": [
                turn("system", "Name the topic."),
                turn("user", f"text {n}"),
                turn("assistant", f"topic {n % 5}"),
            ]
        }
        for n in range(ROWS)
    ]


def _row(change: Callable[[dict[str, Any]], Any]) -> Callable[[list[Row]], list[Row]]:
    """One row changed; what the change returns, if anything, stands in its place."""

    def changed(rows: list[Row]) -> list[Row]:
        made = change(rows[AT])
        rows[AT] = rows[AT] if made is None else made
        return rows

    return changed


def _turns(*turns: Any) -> Callable[[list[Row]], list[Row]]:
    return _row(lambda _row: {"messages": list(turns)})


def _last(**fields: Any) -> Callable[[list[Row]], list[Row]]:
    """Fields of the answer of one row."""
    return _row(lambda row: row["messages"][-1].update(fields))


def _all(change: Callable[[int, dict[str, Any]], Any]) -> Callable[[list[Row]], list[Row]]:
    def changed(rows: list[Row]) -> list[Row]:
        for number, row in enumerate(rows):
            change(number, row)
        return rows

    return changed


def _call(arguments: Any = '{"city": "Oslo"}', **more: Any) -> dict[str, Any]:
    return {"id": "abcdefgh1", "type": "function", "function": {"name": "weather", "arguments": arguments}, **more}


def _without(role_or_content: str) -> Callable[[list[Row]], list[Row]]:
    return _row(lambda row: row["messages"][-1].pop(role_or_content) and None)


TOOL_TURNS = (
    turn("user", "Rain in Oslo?"),
    {"role": "assistant", "content": None, "tool_calls": [_call()]},
    turn("tool", "no", tool_call_id="abcdefgh1", name="weather"),
    turn("assistant", "It is dry."),
)
A, U, S = turn("assistant", "topic"), turn("user", "text"), turn("system", "Name the topic.")

MALFORMED_ROWS: Mapping[str, Callable[[list[Row]], list[Row]]] = {
    "a list for a row": _row(lambda _row: ["messages"]),
    "a text for a row": _row(lambda _row: "messages"),
    "a number for a row": _row(lambda _row: 7),
    "null for a row": lambda rows: [*rows[:AT], None, *rows[AT + 1 :]],
    "no messages": _row(lambda _row: {"title": "x"}),
    "messages null": _row(lambda _row: {"messages": None}),
    "messages a text": _row(lambda _row: {"messages": "text"}),
    "messages an object": _row(lambda _row: {"messages": {"role": "user", "content": "text"}}),
    "messages as JSON text": _row(lambda row: {"messages": json.dumps(row["messages"])}),
    "no turns": _turns(),
    "a text for a turn": _turns("text", A),
    "null for a turn": _turns(S, None, A),
    "no role": _without("role"),
    "role null": _last(role=None),
    "role a number": _last(role=3),
    "role unknown": _turns(S, turn("human", "text"), turn("bot", "topic")),
    "role in capitals": _turns(turn("System", "s"), turn("User", "text"), turn("Assistant", "topic")),
    "no content": _without("content"),
    "content null": _last(content=None),
    "content a number": _last(content=7),
    "content an object": _last(content={"label": "topic"}),
    "content a list of texts": _last(content=["topic"]),
    "content empty": _last(content=""),
    "content white space": _last(content=" \n "),
    "input empty": _turns(S, turn("user", ""), A),
    "no answer": _turns(S, U),
    "ends with the user": _turns(S, U, A, U),
    "only the answer": _turns(A),
    "only a system prompt": _turns(S),
    "two turns of the user": _turns(S, U, U, A),
    "two answers": _turns(S, U, A, A),
    "system in the middle": _turns(U, S, A),
    "system twice": _turns(S, S, U, A),
    "starts with the assistant": _turns(A, U, A),
    "a tool's result without a call": _turns(S, U, turn("tool", "no", tool_call_id="abcdefgh1"), A),
    "a call that names nothing": _turns(U, {"role": "assistant", "content": None, "tool_calls": [{"id": "abcdefgh1"}]}),
    "arguments that are no JSON": _turns(
        U, {"role": "assistant", "content": None, "tool_calls": [_call("{city: Oslo")]}
    ),
    "calls an object": _turns(U, {"role": "assistant", "content": None, "tool_calls": _call()}),
    "weight 2": _last(weight=2),
    "no turn counts": _all(lambda _n, row: row["messages"][-1].update(weight=0)),
    "a lone surrogate": _last(content="half \ud83d"),
    "a NUL": _last(content="to\0pic"),
    "a mark of the template in the answer": _last(content="to<|im_end|>pic"),
    "answers all dates": _all(lambda n, row: row["messages"][-1].update(content=f"2024-01-{n + 1:02d}")),
    "all texts dates": _all(lambda n, row: [t.update(content=f"2024-01-{n + 1:02d}") for t in row["messages"]]),
    "a preference among them": _row(lambda row: {"prompt": row["messages"][:-1], "chosen": [A], "rejected": [U]}),
}
UNUSUAL_ROWS: Mapping[str, Callable[[list[Row]], list[Row]]] = {
    "several turns": _turns(S, U, A, turn("user", "more"), turn("assistant", "again")),
    "no system prompt in one": _turns(U, A),
    "a system prompt in one alone": lambda rows: [
        row if n == AT else {"messages": row["messages"][1:]} for n, row in enumerate(rows)
    ],
    "an own key in every row": _all(lambda n, row: row.update(id=n)),
    "an own key in one row": _row(lambda row: row.update(note="x")),
    "the content first": _row(lambda _row: {"messages": [{"content": "text", "role": "user"}, A]}),
    "a name": _turns(S, turn("user", "text", name="ana"), A),
    "parts": _turns(S, turn("user", [{"type": "text", "text": "text"}]), A),
    "a developer": _turns(turn("developer", "s"), U, A),
    "a conversation with tools": _turns(*TOOL_TURNS),
    "an early answer that does not count": _turns(
        S, U, turn("assistant", "no", weight=0), U, turn("assistant", "t", weight=1)
    ),
    "markup": _last(content="<b>topic</b> & <!-- note --> </s>"),
    "code": _last(content="def f(x):\n\treturn {'a': [x]}\n"),
    "answers that are numbers": _all(lambda n, row: row["messages"][-1].update(content=str(n))),
    "answers that are JSON": _all(lambda n, row: row["messages"][-1].update(content=json.dumps({"n": n}))),
    "a space before the answer": _last(content=" topic"),
    "a row twice": lambda rows: [*rows, copy.deepcopy(rows[0])],
    "some answers dates": _last(content="2024-01-01"),
    "other scripts and signs": _last(content="Grüße, 你好, مرحبا, 👩‍🚀 e\u0301"),
    "line separators": _last(content="one\u2028two\u0085three"),
    "a long text": _last(content="word " * 40_000),
    "one row": lambda rows: rows[:1],
    "two hundred rows": lambda rows: [
        {"messages": [S, turn("user", f"text {n}"), turn("assistant", f"topic {n % 5}")]} for n in range(200)
    ],
}


def _line(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _lines(rows: list[Row]) -> list[bytes]:
    return [_line(row) for row in rows]


def _join(lines: list[bytes], end: bytes = b"\n") -> bytes:
    return b"".join(line + end for line in lines)


def _at(change: Callable[[bytes], bytes]) -> Callable[[list[bytes]], bytes]:
    return lambda lines: _join([*lines[:AT], change(lines[AT]), *lines[AT + 1 :]])


MALFORMED_BYTES: Mapping[str, Callable[[list[bytes]], bytes]] = {
    "an empty file": lambda _lines: b"",
    "blank lines alone": lambda _lines: b"\n\n",
    "no JSON on a line": _at(lambda _line: b"text 6"),
    "a line cut short": _at(lambda line: line[:-9]),
    "two objects on a line": _at(lambda line: line + line),
    "a comma after each object": lambda lines: _join([line + b"," for line in lines]),
    "single quotes": _at(lambda line: line.replace(b'"', b"'")),
    "bytes that are no UTF-8": _at(lambda line: line.replace(b"text", b"te\xffxt")),
    "UTF-16": lambda lines: _join(lines).decode().encode("utf-16"),
    "a key twice": _at(lambda line: line.replace(b'"role": "user"', b'"role": "system", "role": "user"')),
    "NaN for a content": _at(lambda line: line.replace(b'"topic 1"', b"NaN")),
    "a table": lambda _lines: b"text,label\nsome text,topic\n" * 12,
}
UNUSUAL_BYTES: Mapping[str, Callable[[list[bytes]], bytes]] = {
    "Windows line ends": lambda lines: _join(lines, b"\r\n"),
    "no line end at the end": lambda lines: _join(lines)[:-1],
    "a blank line at the end": lambda lines: _join(lines) + b"\n",
    "a blank line in the middle": lambda lines: _join(lines[:AT]) + b"\n" + _join(lines[AT:]),
    "a byte order mark": lambda lines: b"\xef\xbb\xbf" + _join(lines),
    "no spaces between": lambda lines: _join(
        [json.dumps(json.loads(each), separators=(",", ":")).encode() for each in lines]
    ),
    "all letters escaped": lambda lines: _join(
        [json.dumps(json.loads(each)).replace("topic", "\\u0074opic").encode() for each in lines]
    ),
    "spaces at the ends": lambda lines: _join([b" " + line + b"  " for line in lines]),
}


def _sided(row: Row) -> Row:
    """A conversation as TRL's prompt and completion."""
    if not isinstance(row, dict) or not isinstance(row.get("messages"), list):
        return {"prompt": row["messages"], "completion": [A]} if isinstance(row, dict) and "messages" in row else row
    rest = {key: value for key, value in row.items() if key != "messages"}
    return {"prompt": row["messages"][:-1], "completion": row["messages"][-1:], **rest}


def files(format: str) -> dict[str, bytes]:
    """Case -> the file in the shape of a format."""
    shaped = _sided if format == "trl" else lambda row: row
    rows = {**MALFORMED_ROWS, **UNUSUAL_ROWS}
    made = {name: _join(_lines([shaped(row) for row in change(base())])) for name, change in rows.items()}
    lines = _lines([shaped(row) for row in base()])
    return made | {name: write(list(lines)) for name, write in {**MALFORMED_BYTES, **UNUSUAL_BYTES}.items()}
