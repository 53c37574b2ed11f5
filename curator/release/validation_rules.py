"""What a training file must not do: one rule for each way in which a trainer refuses, or silently mistrains."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        severity: What a breach is unless the place says otherwise: an `error` makes the file invalid.
        hint: What is wrong and what to do, for a person.
    """

    severity: Severity
    hint: str


def _error(hint: str) -> Rule:
    return Rule("error", hint)


def _warning(hint: str) -> Rule:
    return Rule("warning", hint)


RULES: dict[str, Rule] = {
    # The file and its lines.
    "empty_file": _error("the file has no rows; write at least one JSON object on a line"),
    "too_few_rows": _warning("a batch larger than the file trains nothing; add rows"),
    "utf8": _error("the line is not valid UTF-8; save the file as UTF-8"),
    "bom": _error("the file starts with a byte order mark, which JSON readers refuse; save as UTF-8 without it"),
    "blank_line": _error("the line is blank, and line readers fail on it; delete it"),
    "carriage_return": _error("a carriage return inside the line is read as a line break; remove it"),
    "not_json": _error("the line is not JSON; write one complete JSON object on each line"),
    "duplicate_key": _error("a key occurs twice in one object, and readers disagree which counts; keep one"),
    "nan": _error("NaN and Infinity are not JSON; write a number or null"),
    "not_object": _error("the line is JSON, but no object; wrap it as {…}"),
    "mixed_stages": _error("the file mixes conversations and preference pairs; write two files"),
    "mixed_shapes": _error("the file mixes forms of which a trainer reads one; write a file for each"),
    "mixed_keys": _warning("the row has other keys than the first row; table loaders want the same in each row"),
    "unknown_key": _warning("this format has no such key; remove it"),
    "read_as_dates": _error(
        "every text here is a date, and the trainer's reader makes time stamps of them; write Parquet"
    ),
    "mixed_types": _error(
        "a text here and a list elsewhere: the trainer's reader changes other texts then; write one kind"
    ),
    # Messages.
    "missing_messages": _error("the messages are missing or no list; write a list of {role, content}"),
    "empty_messages": _error("the list of messages is empty; add the turns or remove the row"),
    "message_not_object": _error("the message is no object; write {role, content}"),
    "bad_role": _error("the role is missing or unknown; use system, user, assistant or tool"),
    "content_not_string": _error("the content is missing or no text; write a string"),
    "empty_content": _error("the content is empty; fill it or remove the row"),
    "no_assistant": _error("no assistant turn: the row would train nothing; add the answer"),
    "last_not_assistant": _error("the last turn is not the assistant's; end with the answer"),
    "system_not_first": _error("a system message stands after the start; keep one, at the start"),
    "not_alternating": _warning("two turns of one side follow each other; merge them"),
    "starts_with_assistant": _warning("the conversation starts with the assistant; start with the user"),
    "bad_weight": _error("the weight must be the integer 0 or 1"),
    "nothing_trained": _error("every assistant turn is kept out of training; let one count, or remove the row"),
    "bad_tool_call": _error("a tool call needs a function's name, and its arguments as JSON"),
    "bad_part": _error("a part of the content is no {type: text, text} and no {type: image_url, image_url: {url}}"),
    "tool_misplaced": _error("the result stands after no call; put it after the assistant's turn that calls"),
    "tool_orphan": _error("the result answers no tool call before it; give it the call's tool_call_id"),
    # Texts.
    "chat_template_marks": _error("the text holds a chat template's special token; remove or escape it"),
    "control_characters": _warning("the text holds control characters; remove them"),
    "lone_surrogate": _error("the text holds half of a surrogate pair, which UTF-8 cannot carry; remove it"),
    "trailing_space": _warning("the answer starts or ends with white space, and the student learns it; trim it"),
    # Rows against each other.
    "duplicate_row": _warning("the row is there twice; keep one"),
    "contradiction": _warning("the same input has another answer elsewhere in the file; settle which is right"),
    # Preference pairs.
    "missing_side": _error("a part of the comparison is missing; a pair needs a prompt and two answers"),
    "label_not_ab": _error("the label must be exactly A or B; anything but A is trained as B"),
    "label_not_bool": _error("the label must be true (wanted) or false (not wanted)"),
    "tie": _error("a tie is trained as a preference for B; drop the row"),
    "identical": _error("both answers are the same; drop the row"),
    "prompt_ends_with_assistant": _error("the prompt ends with the assistant; end it with the user's turn"),
    "completion_not_assistant": _error("an answer must be one turn of the assistant"),
}
"""Every rule by its id."""

SPECIAL_TOKENS = re.compile(r"<\|[A-Za-z][\w ]{0,40}\|>|<｜[^｜\s]{1,40}｜>|<(?:start|end)_of_turn>")
SOFT_MARKS = re.compile(r"\[/?INST\]|<</?SYS>>|</s>")
"""Marks of older templates, which occur in honest text too: a warning."""
SURROGATES = re.compile(r"[\ud800-\udfff]")

ROLES_BY_FORMAT: dict[str, frozenset[str]] = {
    "together": frozenset({"system", "user", "assistant", "tool"}),
    "openai": frozenset({"system", "developer", "user", "assistant", "tool", "function"}),
    "llama-factory": frozenset({"system", "user", "assistant", "observation", "function_call"}),
    "ms-swift": frozenset({"system", "user", "assistant", "tool", "tool_call", "tool_response"}),
    "torchtune": frozenset({"system", "user", "assistant"}),
}
COMMON_ROLES = frozenset({"system", "user", "assistant", "tool"})

SFT_KEYS: dict[str, frozenset[str]] = {
    "tinker": frozenset({"messages"}),
    "openai": frozenset({"messages", "tools", "parallel_tool_calls", "functions"}),
    "together": frozenset({"messages", "tools", "prompt", "completion", "text"}),
    "trl": frozenset({"messages", "prompt", "completion", "text", "tools"}),
    "axolotl": frozenset({"messages", "tools"}),
    "llama-factory": frozenset(
        {"messages", "conversations", "instruction", "input", "output", "history", "text", "system", "tools"}
        | {"images", "videos", "audios"}
    ),
    "mistral": frozenset({"messages", "interactions", "tools", "functions"}),
    "parquet": frozenset({"example_id", "messages", "tools"}),
    "ms-swift": frozenset({"messages", "tools", "images", "videos", "audios"}),
    "torchtune": frozenset({"messages"}),
    "kto": frozenset(),
    "sharegpt": frozenset({"conversations", "system", "tools"}),
}
DPO_KEYS: dict[str, frozenset[str]] = {
    "tinker": frozenset({"comparison", "label"}),
    "openai": frozenset({"input", "preferred_output", "non_preferred_output"}),
    "together": frozenset({"input", "preferred_output", "non_preferred_output"}),
    "trl": frozenset({"prompt", "chosen", "rejected", "tools"}),
    "axolotl": frozenset({"messages", "chosen", "rejected"}),
    "llama-factory": frozenset(
        {"messages", "conversations", "instruction", "input", "history", "chosen", "rejected"}
        | {"system", "tools", "images", "videos", "audios"}
    ),
    "mistral": frozenset(),
    "parquet": frozenset({"example_id", "prompt", "chosen", "rejected", "tools"}),
    "ms-swift": frozenset({"messages", "rejected_messages", "rejected_response", "tools", "images"}),
    "torchtune": frozenset({"chosen", "rejected"}),
    "kto": frozenset({"prompt", "completion", "label", "tools"}),
    "sharegpt": frozenset({"conversations", "chosen", "rejected", "system", "tools"}),
}
MESSAGE_KEYS = frozenset(
    {"role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal", "train", "prefix"}
    | {"loss", "trainable"}
)

STRICT_KEYS = frozenset({"openai", "together"})
"""Formats whose service refuses a file with unknown keys."""

UNWEIGHTED: Mapping[str, str] = {"axolotl": "train", "ms-swift": "loss"}
"""Formats that read no `weight` and train the turn, and the field that keeps one out."""

STRICT_TURNS = frozenset({"together", "llama-factory"})
"""Formats that refuse, or silently empty, a row whose turns do not alternate from the user."""

MIN_FILE_ROWS = 10
"""OpenAI refuses fewer rows; elsewhere it is a warning."""
