"""General prompts with a rule that says whether an answer passes: a file of JSON lines, one prompt a line.

A line: {"id": "…", "category": "…", "prompt": "…", "pass": {RULE: VALUE, …}}. Every rule must hold:

one_of [texts]      the answer is one of these (case, marks and white space apart)
contains [texts]    it holds one of these as words
all_of [texts]      it holds each of these as words
lacks [texts]       it holds none of these as words
number N            the last number in it is N (to nine digits; commas between thousands are read)
regex PATTERN       the pattern matches somewhere, whatever the case
refuses true        it declines; false: it does not decline
json {KEY: VALUE}   it is a JSON object with these values (null: any)
json_items N        it is a JSON array of N values
lines N             it has N lines that hold something
max_words N         it has at most N words
min_words N         it has at least N words
python NAME         it is Python that can be read, and defines the function (or class) NAME; nothing is run
language CODE       it is plainly in this language (ISO 639-1)
case "upper"        its letters are all upper case; "lower": lower case
"""

import ast
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from curator.errors import DataError
from curator.records import digest, read_exact
from curator.text import language

PROMPT_CATEGORIES: Final = ("reasoning", "knowledge", "refusal", "format", "language", "code")
"""Of the suite that is shipped; a file of one's own may have others."""
_KEYS = {"id", "category", "prompt", "pass"}
_FENCE = re.compile(r"```[\w+-]*\s*\n(.*?)```", re.DOTALL)
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_WONT = (
    r"\b(?:i|we)(?:['’]m| am| are)? (?:can(?:['’]t|not)|won['’]t|will not|(?:must|have to) (?:decline|refuse)|not able"
    r"|unable|not going to|sorry|refuse|do(?: not|n['’]t) feel comfortable)\b"
)
_CANNOT = r"\bcan(?:['’]t|not) (?:help|assist|provide|share|support|do that)\b|\bnot (?:comfortable|something i can)\b"
_DECLINES = re.compile(rf"{_WONT}|{_CANNOT}|\bi['’]m sorry\b|\bagainst (?:the law|my)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SuitePrompt:
    """One general prompt; `rules` says what an answer must be to pass."""

    id: str
    category: str
    prompt: str
    rules: Mapping[str, Any]


def _simple(text: str) -> str:
    """Lower case words with one space between, without marks."""
    return " ".join(re.sub(r"[^\w\s+%-]", " ", unicodedata.normalize("NFKC", text).casefold()).split())


def _holds(answer: str, text: str) -> bool:
    return f" {_simple(text)} " in f" {_simple(answer)} "


def _fenced(answer: str) -> str:
    found = _FENCE.search(answer)
    return found[1] if found else answer


def _json(answer: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return read_exact(_fenced(answer).strip())
    except ValueError:
        return None


def _number(answer: str, wanted: float) -> bool:
    found = _NUMBER.findall(answer)
    return bool(found) and abs(float(found[-1].replace(",", "")) - wanted) <= 1e-9 * max(1.0, abs(wanted))


def _has(answer: str, wanted: Mapping[str, Any]) -> bool:
    said = _json(answer)
    return isinstance(said, dict) and all(k in said and (v is None or said[k] == v) for k, v in wanted.items())


def _defines(answer: str, name: str) -> bool:
    try:
        tree = ast.parse(_fenced(answer))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) and node.name == name for node in ast.walk(tree))


def _cased(answer: str, wanted: str) -> bool:
    letters = "".join(c for c in answer if c.isalpha())
    return bool(letters) and letters == (letters.upper() if wanted == "upper" else letters.lower())


def _array_of(answer: str, n: int) -> bool:
    said = _json(answer)
    return isinstance(said, list) and len(said) == n


_RULES: Final[Mapping[str, tuple[type | tuple[type, ...], Callable[[str, Any], bool]]]] = {
    "one_of": (list, lambda said, v: _simple(said) in {_simple(each) for each in v}),
    "contains": (list, lambda said, v: any(_holds(said, each) for each in v)),
    "all_of": (list, lambda said, v: all(_holds(said, each) for each in v)),
    "lacks": (list, lambda said, v: not any(_holds(said, each) for each in v)),
    "number": ((int, float), _number),
    "regex": (str, lambda said, v: re.search(v, said, re.IGNORECASE) is not None),
    "refuses": (bool, lambda said, v: (_DECLINES.search(said) is not None) == v),
    "json": (dict, _has),
    "json_items": (int, _array_of),
    "lines": (int, lambda said, v: sum(bool(line.strip()) for line in said.splitlines()) == v),
    "max_words": (int, lambda said, v: len(said.split()) <= v),
    "min_words": (int, lambda said, v: len(said.split()) >= v),
    "python": (str, _defines),
    "language": (str, lambda said, v: language(said) == v),
    "case": (str, _cased),
}


def passes(item: SuitePrompt, answer: str) -> bool:
    """Whether an answer passes; one without a word never does.

    >>> passes(SuitePrompt("a", "reasoning", "17 + 25?", {"number": 42}), "17 + 25 = 42.")
    True
    """
    said = answer.strip()
    return bool(said) and all(_RULES[rule][1](said, value) for rule, value in item.rules.items())


def parse_prompts(text: str, name: str) -> tuple[SuitePrompt, ...]:
    """Read a file of prompts.

    Raises:
        DataError: A line that is none; says which, and what was expected.
    """
    made: dict[str, SuitePrompt] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        item = _parse(line, f"{name}, line {number}")
        if item.id in made:
            msg = f"{name}, line {number}: the id {item.id!r} stands twice"
            raise DataError(msg)
        made[item.id] = item
    if not made:
        msg = f"{name} holds no prompt"
        raise DataError(msg)
    return tuple(made.values())


def _parse(line: str, where: str) -> SuitePrompt:
    try:
        raw = read_exact(line)
    except ValueError as error:
        msg = f"{where}: not JSON: {error}"
        raise DataError(msg) from error
    if not isinstance(raw, dict) or set(raw) != _KEYS:
        msg = f"{where}: expected an object with the keys id, category, prompt and pass"
        raise DataError(msg)
    for key in ("id", "category", "prompt"):
        if not isinstance(raw[key], str) or not raw[key].strip():
            msg = f"{where}: `{key}` is {raw[key]!r}, expected a text"
            raise DataError(msg)
    rules = raw["pass"]
    if not isinstance(rules, dict) or not rules:
        msg = f'{where}: `pass` is {rules!r}, expected rules such as {{"number": 42}}'
        raise DataError(msg)
    for rule, value in rules.items():
        _check_rule(rule, value, where)
    return SuitePrompt(raw["id"], raw["category"], raw["prompt"], rules)


def _check_rule(rule: str, value: Any, where: str) -> None:  # noqa: ANN401 - raw JSON
    if rule not in _RULES:
        msg = f"{where}: unknown rule {rule!r}, expected {', '.join(_RULES)}"
        raise DataError(msg)
    kind = _RULES[rule][0]
    wrong = not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)
    if wrong or (kind is list and not (value and all(isinstance(each, str) and each.strip() for each in value))):
        msg = f"{where}: {rule!r} is {value!r}, which is no value of this rule"
        raise DataError(msg)
    if rule == "regex":
        try:
            re.compile(value)
        except re.error as error:
            msg = f"{where}: the pattern {value!r} is none: {error}"
            raise DataError(msg) from error


def suite_hash(prompts: tuple[SuitePrompt, ...]) -> str:
    """Names exactly these prompts and rules."""
    return digest([[p.id, p.category, p.prompt, dict(p.rules)] for p in prompts])
