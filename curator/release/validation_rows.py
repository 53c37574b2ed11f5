"""Checks one row of a training file: its messages, its comparison, and what the format asks of them."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

from curator.release.validation_calls import (
    ANSWERED_CALLS,
    TYPED_PARTS,
    bad_calls,
    bad_parts,
    is_json,
    misplaced,
    orphans,
    untrained,
)
from curator.release.validation_rules import (
    COMMON_ROLES,
    MESSAGE_KEYS,
    ROLES_BY_FORMAT,
    RULES,
    STRICT_KEYS,
    STRICT_TURNS,
    UNWEIGHTED,
    Severity,
)
from curator.release.validation_shapes import SHAREGPT_ROLES, PlainShape, plain_shape, said
from curator.text import as_seen

_MOST_LISTED = 1000
TAGGED_FORMATS = frozenset({"llama-factory", "sharegpt"})
"""Formats whose turns may be `{"from": …, "value": …}`."""
SPOKEN = {"observation": "user", "function_call": "assistant", "tool_call": "assistant", "tool_response": "tool"}
"""Roles of calls and results that are turns of their own, as the side that speaks there."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One breach of one rule.

    Attributes:
        rule: Its id in `validation_rules.RULES`.
        severity: An `error` makes the file invalid, a `warning` does not.
        line: The line in the file, from 1; 0 where it is about the file as a whole.
        path: The place in the row, such as `messages[1].content`; empty for the whole line.
        hint: What is wrong and what to do.
    """

    rule: str
    severity: Severity
    line: int
    path: str
    hint: str


@dataclass(slots=True)
class RowChecker:
    """Gathers the problems of one file; `line` is the line that is being read, from 1."""

    format: str
    line: int = 0
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    errors: int = 0

    def report(self, rule: str, path: str = "", hint: str = "", severity: Severity | None = None) -> None:
        """Note a problem on the current line."""
        severity = severity or RULES[rule].severity
        self.errors += severity == "error"
        self.counts[rule] += 1
        if self.counts[rule] <= _MOST_LISTED:
            self.problems.append(Problem(rule, severity, self.line, path, hint or RULES[rule].hint))

    def sft(self, row: dict[str, Any]) -> tuple[Any, Any]:
        """Check a conversation; its input and its answer are returned."""
        if (shape := plain_shape(self.format, row)) is not None:
            return self.plain(row, shape)
        if self.format == "trl" and "messages" not in row and "prompt" in row:
            self.prompt(row["prompt"], "prompt")
            return row["prompt"], self.completion(row.get("completion"), "completion")
        tagged = self.format == "sharegpt" or (self.format == "llama-factory" and "conversations" in row)
        name = "conversations" if tagged else "messages"
        if name not in row and self.format == "mistral" and "interactions" in row:
            name = "interactions"
        messages = row.get(name)
        roles = self.messages(messages, name)
        if not roles:
            return None, None
        assert isinstance(messages, list)
        if "assistant" not in roles:
            if "" not in roles:  # A bad role was reported already.
                self.report("no_assistant", name)
        elif roles[-1] != "assistant":
            self.report("last_not_assistant", f"{name}[{len(roles) - 1}].role")
        if self.format == "mistral" and roles == ["assistant"]:
            self.report("starts_with_assistant", f"{name}[0].role", severity="error")
        if untrained(self.format, messages):
            self.report("nothing_trained", name)
        answer = said(messages[-1])
        if isinstance(answer, str) and roles[-1] == "assistant" and answer != answer.strip() and answer.strip():
            key = "content" if "role" in messages[-1] else "value"
            self.report("trailing_space", f"{name}[{len(roles) - 1}].{key}")
        return messages[:-1], answer

    def plain(self, row: dict[str, Any], shape: PlainShape) -> tuple[Any, Any]:
        """Check a row of plain texts; its input and its answer are returned, None where the text is one piece."""
        for key in (*shape.texts, *shape.maybe):
            text = row.get(key)
            if isinstance(text, str):
                if key in shape.texts and not text.strip():
                    self.report("empty_content", key)
            elif text is not None or key in shape.texts:
                self.report("content_not_string", key)
        if shape.answer is None:
            return None, None
        answer = row.get(shape.answer)
        if isinstance(answer, str) and answer.strip() and answer != answer.strip() and shape.answer == "output":
            self.report("trailing_space", shape.answer)
        return {key: value for key, value in row.items() if key != shape.answer}, answer

    def prompt(self, value: Any, path: str) -> None:  # noqa: ANN401 - any JSON value
        """Check the turns of an input."""
        roles = self.messages(value, path)
        if roles and roles[-1] == "assistant":
            self.report("prompt_ends_with_assistant", f"{path}[{len(roles) - 1}].role")

    def completion(self, value: Any, path: str, first: int = 0) -> Any:  # noqa: ANN401 - any JSON value
        """Check an answer, as text, message or list of messages; its text (or value) is returned."""
        if isinstance(value, str) and self.format in ("trl", "parquet"):
            if not value.strip():
                self.report("empty_content", path)
            return as_seen(value)
        messages = value if isinstance(value, list) else [value]
        roles = self.messages(messages, path, indexed=isinstance(value, list), opening=False, first=first)
        if any(role != "assistant" for role in roles):
            self.report("completion_not_assistant", path)
        elif len(roles) > 1 and self.format in STRICT_KEYS:
            self.report("completion_not_assistant", path, "this format takes exactly one message as an answer")
        contents = [said(each) for each in messages if isinstance(each, dict)]
        for text in contents:
            if isinstance(text, str) and text.strip() and text != text.strip():
                self.report("trailing_space", path)
        return [as_seen(each) if isinstance(each, str) else each for each in contents]

    def messages(
        self,
        value: Any,  # noqa: ANN401 - any JSON value
        path: str,
        *,
        indexed: bool = True,
        opening: bool = True,
        first: int = 0,
    ) -> list[str]:
        """Check a list of messages; their roles are returned, empty where there is no list.

        Args:
            value: What stands there.
            path: Where it stands.
            indexed: Whether it stood as a list, so that places carry an index.
            opening: Whether it opens the conversation, so that the order of the roles counts.
            first: The index of the first of them, where the list is the end of a longer one.
        """
        if not isinstance(value, list):
            self.report("missing_messages", path)
            return []
        if not value:
            self.report("empty_messages", path)
        roles = []
        tagged = self.format in TAGGED_FORMATS and bool(value) and isinstance(value[0], dict) and "from" in value[0]
        for index, message in enumerate(value, start=first):
            place = f"{path}[{index}]" if indexed else path
            roles.append(self._tagged(message, place) if tagged else self._message(message, place))
        if opening:
            self._order(roles, path)
            if self.format in ANSWERED_CALLS:
                for index in orphans(value):
                    self.report("tool_orphan", f"{path}[{index}].tool_call_id")
            if self.format == "mistral":
                for index in misplaced(value):
                    self.report("tool_misplaced", f"{path}[{index}].role")
        return roles

    def _tagged(self, message: Any, place: str) -> str:  # noqa: ANN401 - any JSON value
        """Check a turn of ShareGPT, `{"from": …, "value": …}`; the role it has for LLaMA-Factory is returned."""
        if not isinstance(message, dict):
            self.report("message_not_object", place)
            return ""
        speaker, value = message.get("from"), message.get("value")
        role = SHAREGPT_ROLES.get(speaker, "") if isinstance(speaker, str) else ""
        if not role:
            self.report("bad_role", f"{place}.from", f"the speaker is none of {', '.join(SHAREGPT_ROLES)}")
        if not isinstance(value, str):
            self.report("content_not_string", f"{place}.value")
        elif not value.strip():
            self.report("empty_content", f"{place}.value")
        elif speaker == "function_call" and not is_json(value):
            self.report("bad_tool_call", f"{place}.value")
        for key in sorted(set(message) - {"from", "value"}):
            self.report("unknown_key", join_path(place, key))
        return role

    def _message(self, message: Any, place: str) -> str:  # noqa: ANN401 - any JSON value
        if not isinstance(message, dict):
            self.report("message_not_object", place)
            return ""
        role, content = message.get("role"), message.get("content")
        if not isinstance(role, str) or role not in ROLES_BY_FORMAT.get(self.format, COMMON_ROLES):
            self.report("bad_role", f"{place}.role")
            role = ""
        role = SPOKEN.get(role, role)
        calls = bool(message.get("tool_calls") or message.get("function_call"))
        parts = isinstance(content, list) and self.format in TYPED_PARTS
        if content is None and calls:
            pass
        elif isinstance(content, str):
            if not content.strip():
                self.report("empty_content", f"{place}.content")
        elif not parts or not content:
            self.report("content_not_string", f"{place}.content")
        if parts and isinstance(content, list):
            for number in bad_parts(content, images=self.format != "openai" or role in ("user", "")):
                self.report("bad_part", f"{place}.content[{number}]")
        self._calls_and_weight(message, place, role)
        strict: Severity | None = "error" if self.format in {*STRICT_KEYS, "mistral"} else None
        named = {"name"} if self.format == "mistral" and role != "tool" else set()
        for key in sorted(set(message) - (MESSAGE_KEYS - named)):
            self.report("unknown_key", join_path(place, key), severity=strict)
        return role

    def _calls_and_weight(self, message: dict[str, Any], place: str, role: str) -> None:
        for at in bad_calls(message, texts_only=self.format in ANSWERED_CALLS):
            self.report("bad_tool_call", f"{place}.{at}")
        if "weight" in message and (type(message["weight"]) is not int or message["weight"] not in (0, 1)):
            self.report("bad_weight", f"{place}.weight")
        elif message.get("weight") == 0 and role == "assistant" and (field := UNWEIGHTED.get(self.format)):
            self.report(
                "bad_weight", f"{place}.weight", f"{self.format} reads no weight and trains the turn: {field}: false"
            )
        if (message.get("tool_calls") or message.get("function_call")) and self.format == "tinker":
            self.report(
                "bad_tool_call", place, "tinker-cookbook reads calls of tools from no JSON file; leave the row out"
            )

    def _order(self, roles: list[str], path: str) -> None:
        strict: Severity | None = "error" if self.format in STRICT_TURNS else None
        for index, role in enumerate(roles):
            if role in ("system", "developer") and index:
                self.report("system_not_first", f"{path}[{index}].role")
            elif role in ("user", "assistant") and index and roles[index - 1] == role:
                self.report("not_alternating", f"{path}[{index}].role", severity=strict)
        spoken = [(index, role) for index, role in enumerate(roles) if role not in ("system", "developer")]
        if spoken and spoken[0][1] == "assistant":
            severity: Severity | None = "error" if self.format in STRICT_TURNS else None
            self.report("starts_with_assistant", f"{path}[{spoken[0][0]}].role", severity=severity)


def canonical(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """A short digest that is equal for equal JSON values; total, where `ids.digest` refuses NaN and surrogates."""
    try:
        made = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):  # a lone surrogate, an integer that is too large, too deep
        made = b"null"
    if b"null" in made:  # NaN is null there
        made = json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(made).digest()[:16]


def join_path(path: str, key: str) -> str:
    """The place of a key below a place."""
    name = key[:60] if key.isidentifier() else json.dumps(key[:60])
    return f"{path}.{name}" if path else name
