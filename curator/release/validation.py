"""Checks any training file, ours or not, and says for each problem the rule, the line, the place and a hint."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from curator.release.encoding import CHUNK, DATED
from curator.release.formats import get_format
from curator.release.rows import Stage
from curator.release.validation_pairs import PairChecker
from curator.release.validation_plain import PLACES, plain_row
from curator.release.validation_rows import Problem, canonical, join_path
from curator.release.validation_rules import (
    DPO_KEYS,
    MIN_FILE_ROWS,
    RULES,
    SFT_KEYS,
    SOFT_MARKS,
    SPECIAL_TOKENS,
    STRICT_KEYS,
    SURROGATES,
    Severity,
)
from curator.release.validation_shapes import shape_of
from curator.text import CONTROLS

_DPO_MARKS = frozenset(
    {"comparison", "preferred_output", "non_preferred_output", "chosen", "rejected", "completion_A", "completion_B"}
    | {"rejected_messages", "rejected_response"}
)


_LEARNT = (
    "completion",
    "chosen",
    "rejected",
    "preferred_output",
    "non_preferred_output",
    "output",
    "text",
    "comparison.c",
)
"""Where the texts begin that a model learns to write, beside the turns of the assistant."""
_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Validation:
    """What a file is worth.

    Attributes:
        valid: True where there is no error.
        stage: What the rows are, `sft` or `dpo`; by majority where the file mixes them.
        rows: The number of JSON objects.
        problems: In the order of the lines; at most 1,000 of one rule are listed.
        counts: The number of problems by rule, all of them.
    """

    valid: bool
    stage: Stage
    rows: int
    problems: tuple[Problem, ...]
    counts: dict[str, int]


class _Repeated(dict[str, Any]):
    """An object in which a key occurred twice."""


def validate_lines(lines: Iterable[bytes], *, format: str, typed: bool = False) -> Validation:
    """Check the lines of a file against a format's rules; never raises because of their content.

    Args:
        lines: The file line by line, with or without line ends (for Parquet: `formats.parquet_lines`).
        format: A name in `formats.FORMATS`.
        typed: They come from a table, whose types no reader guesses.

    Raises:
        RequestError: The format is unknown.
    """
    checker = _Checker(get_format(format).name, typed=typed)
    for number, line in enumerate(lines, start=1):
        checker.line = number
        checker.read(line)
    return checker.finish()


class _Checker(PairChecker):
    """Reads the lines of one file and compares its rows with each other."""

    def __init__(self, format: str, *, typed: bool) -> None:
        super().__init__(format)
        self.guessed = get_format(format).guessed and not typed
        self.taken = 0
        self.dates: dict[str, int] = {}
        self.words: set[str] = set()
        self.kinds: dict[str, type] = {}
        self.stages: Counter[Stage] = Counter()
        self.stage: Stage | None = None
        self.keys: frozenset[str] | None = None
        self.shape: tuple[str, Stage] | None = None
        self.rows: dict[bytes, int] = {}
        self.answers: dict[bytes, tuple[int, bytes]] = {}

    def finish(self) -> Validation:
        """The verdict over all lines."""
        rows = sum(self.stages.values())
        self._tell_dates()
        self.line = 0
        if not rows and not self.errors:
            self.report("empty_file")
        elif rows < MIN_FILE_ROWS:
            severity: Severity = "error" if self.format == "openai" else "warning"
            hint = f"{rows} rows; OpenAI refuses fewer than {MIN_FILE_ROWS}, and a larger batch trains none; add rows"
            self.report("too_few_rows", hint=hint, severity=severity)
        stage: Stage = "dpo" if self.stages["dpo"] > self.stages["sft"] else "sft"
        counts = dict(sorted(self.counts.items()))
        return Validation(self.errors == 0, stage, rows, tuple(self.problems), counts)

    def read(self, line: bytes) -> None:
        """Check one line."""
        self.taken += len(line)
        if self.taken > CHUNK:
            self._tell_dates()
            self.taken = 0
        line = line.rstrip(b"\r\n")
        if self._plain(line):
            return
        mild: Severity | None = "warning" if self.guessed else None  # its reader takes both
        if self.line == 1 and line.startswith(b"\xef\xbb\xbf"):
            self.report("bom", severity=mild)
            line = line[3:]
        if not line.strip():
            self.report("blank_line", severity="warning" if self.format == "together" else mild)
            return
        if b"\r" in line:
            self.report("carriage_return")
        try:
            row = self._parse(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            self.report("utf8", hint=f"{RULES['utf8'].hint} (byte {error.start + 1} of the line)")
            return
        except (ValueError, RecursionError) as error:
            self.report("not_json", hint=f"{RULES['not_json'].hint} ({str(error)[:100]})")
            return
        if not isinstance(row, dict):
            self.report("not_object")
            return
        try:
            self._values(row)
            self._row(row)
        except RecursionError:
            self.report("not_json", hint="the object is nested too deeply to be read; flatten it")

    def _plain(self, line: bytes) -> bool:
        """Take the line as one in which nothing can be wrong alone; whether it is one.

        Only where a row before it had the same form by every rule, and its places held texts that are no dates.
        """
        places = PLACES.get(self.keys) if self.keys is not None and self.shape == ("", "sft") else None
        if places is None or self.keys is None or self.keys - SFT_KEYS[self.format] or self.format == "sharegpt":
            return False
        if self.guessed and not all(
            self.kinds.get(at) is kind and (kind is list or at in self.words) for at, kind in places
        ):
            return False
        found = plain_row(line, self.keys)
        if found is None:
            return False
        self.stages["sft"] += 1
        self._compare(*found)
        return True

    def _parse(self, text: str) -> Any:  # noqa: ANN401 - any JSON value
        def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
            made = dict(items)
            return made if len(made) == len(items) else _Repeated(made)

        return json.loads(text, object_pairs_hook=pairs)

    def _values(self, row: dict[str, Any]) -> None:
        """What is wrong with keys, numbers and texts wherever they stand."""
        learnt: tuple[str, ...] = _LEARNT
        for path, value in _walk(row):
            if isinstance(value, dict) and (value.get("role") == "assistant" or value.get("from") == "gpt"):
                learnt = (*learnt, path)
            if self.guessed and isinstance(value, str | list):
                self._guess(_INDEX.sub("[]", path), value)
            if isinstance(value, _Repeated):
                self.report("duplicate_key", path)
            elif isinstance(value, float) and not math.isfinite(value):
                self.report("nan", path)
            elif isinstance(value, str):
                self._text(path, value, learnt=path.startswith(learnt))

    def _guess(self, place: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Note what a reader that guesses types would make of a place."""
        if self.kinds.setdefault(place, type(value)) is not type(value):
            self.kinds[place] = type(value)
            self.report("mixed_types", place)
        if isinstance(value, str) and place not in self.words:
            if DATED.fullmatch(value):
                self.dates.setdefault(place, self.line)
            else:
                self.words.add(place)
                self.dates.pop(place, None)

    def _tell_dates(self) -> None:
        now = self.line
        for place, first in self.dates.items():
            self.line = first
            self.report("read_as_dates", place)
        self.line, self.dates, self.words = now, {}, set()

    def _text(self, path: str, text: str, *, learnt: bool) -> None:
        if SURROGATES.search(text):
            self.report("lone_surrogate", path)
        if CONTROLS.search(text):
            # Many readers end a text at NUL; the other control characters are only noise.
            self.report("control_characters", path, severity="error" if "\0" in text else None)
        if found := SPECIAL_TOKENS.search(text):
            # In an input they are what somebody sent; in an answer the model learns to write them.
            hint = f"{RULES['chat_template_marks'].hint} ({found[0]})"
            self.report("chat_template_marks", path, hint, severity=None if learnt else "warning")
        elif found := SOFT_MARKS.search(text):
            hint = f"{RULES['chat_template_marks'].hint} ({found[0]})"
            self.report("chat_template_marks", path, hint, severity="warning")

    def _row(self, row: dict[str, Any]) -> None:
        keys = frozenset(row)
        labelled = self.format == "tinker" and "label" in keys and "messages" not in keys
        labelled = labelled or self.format == "kto"
        stage: Stage = "dpo" if labelled or keys & _DPO_MARKS else "sft"
        self.stages[stage] += 1
        if self.stage is None:
            self.stage, self.keys, self.shape = stage, keys, (shape_of(self.format, row), stage)
        elif stage != self.stage:
            self.report("mixed_stages")
        elif (shape_of(self.format, row), stage) != self.shape:
            self.report("mixed_shapes")
        elif keys != self.keys:
            other = ", ".join(join_path("", key) for key in sorted(keys ^ (self.keys or frozenset())))
            self.report("mixed_keys", hint=f"{RULES['mixed_keys'].hint} (differs in {other[:200]})")
        if stage not in get_format(self.format).stages:
            self.report("missing_messages", hint=f"format {self.format} has no preference files; write conversations")
            return
        known = (DPO_KEYS if stage == "dpo" else SFT_KEYS)[self.format]
        strict: Severity | None = "error" if self.format in STRICT_KEYS else None
        for key in sorted(keys - known):
            self.report("unknown_key", join_path("", key), severity=strict)
        prompt, answer = self.sft(row) if stage == "sft" else self.dpo(row)
        self._compare(row, prompt, answer)

    def _compare(self, row: dict[str, Any], prompt: Any, answer: Any) -> None:  # noqa: ANN401 - any JSON value
        """Look for the same row, and for the same input with another answer, on earlier lines."""
        content = {key: value for key, value in row.items() if key != "example_id"}
        first = self.rows.setdefault(canonical(content), self.line)
        if first != self.line:
            self.report("duplicate_row", hint=f"{RULES['duplicate_row'].hint} (first on line {first})")
            return
        if prompt is None or answer is None:
            return
        paired = isinstance(answer, tuple)
        # A preference contradicts its reverse; a conversation contradicts any other answer.
        key = canonical([prompt, sorted(answer, key=canonical)] if paired else prompt)
        line, before = self.answers.setdefault(key, (self.line, canonical(answer)))
        if before != canonical(answer):
            self.report("contradiction", hint=f"{RULES['contradiction'].hint} (first on line {line})")


def _walk(row: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any JSON value
    """Every value of a row with its path; without recursion, for hostile depth."""
    stack: list[tuple[str, Any]] = [("", row)]
    while stack:
        path, value = stack.pop()
        yield path, value
        if isinstance(value, dict):
            for key, each in reversed(value.items()):
                stack.append((join_path(path, key), each))
        elif isinstance(value, list):
            stack.extend((f"{path}[{index}]", each) for index, each in reversed(list(enumerate(value))))
