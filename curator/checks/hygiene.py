"""Row hygiene: format faults, labels given away."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from curator.text import CONTROLS, normalise, same_text

RowPart = Literal["input", "system prompt", "tools", "answer"]
SYSTEM: Final = "system prompt"
TOOLS: Final = "tools"
ANSWER: Final = "answer"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and the rows that have it; `detail` says what was found, with private parts masked."""

    rule: str
    rows: tuple[int, ...]
    detail: str
    advice: str
    value: str | None = None
    """The label that the rows should have, where the fault is one of spelling."""
    place: RowPart = "input"
    """Where in the conversation it stands."""


CHAT_MARKS = re.compile(
    r"<[|｜][A-Za-z_▁ ]{1,40}[|｜]>|\[/?INST\]|<</?SYS>>|</?(?:start_of_turn|end_of_turn|bos|eos|think|tool_call)>"
    r"|</s>\s*\Z|^[ \t]*###[ \t]*(?:Instruction|Response|Assistant|Human|User|System)\s*:|\n\n(?:Human|Assistant): ",
    re.MULTILINE,
)
BROKEN = re.compile("\ufffd|Ã[\u0080-\u00bf]|â€[\u0080-\u00bf\u2122\u0153\u009d]")
_PROMPT_LEFT = re.compile(
    r"(?i)\byou are (?:an?|the) (?:[\w\-]+ ){0,4}(?:assistant|expert|classifier|annotator|labell?er|chatbot|model)\b"
    r"|\b(?:answer|reply|respond) (?:with )?(?:only|just|exactly) (?:with )?(?:the|one|a|your)\b"
    r"|\banswer with (?:the|one) label\b|\b(?:return|output) only (?:the|a|one|valid|json)\b"
    r"|\bas an ai(?: language)? model\b|\byour task is to\b|\bchoose (?:exactly )?one of(?: the following)?\s*:"
    r"|\bdo not explain your (?:answer|choice|reasoning)\b"
)
MAX_WORDS_OVER_MEDIAN = 20.0
_LONG_WORDS = 500


def format_faults(
    texts: Sequence[str], labels: Sequence[str | None], known_labels: Sequence[str] | None
) -> list[Fault]:
    """Find format faults in inputs and labels.

    Args:
        texts: The raw texts.
        labels: The label of each row, or None.
        known_labels: The labels that the task allows, or None for free answers.
    """
    rules: list[tuple[str, Callable[[str], bool], str, str]] = [
        ("chat_template_mark", lambda text: CHAT_MARKS.search(text) is not None,
         "marks of a chat template stand in the text", "remove the marks: the trainer's renderer adds its own"),
        ("broken_encoding", lambda text: BROKEN.search(text) is not None,
         "characters were lost or decoded twice", "import again from the source, as UTF-8"),
        ("control_character", lambda text: CONTROLS.search(text) is not None,
         "a control character (NUL, for example) stands in the input", "remove it: readers cut the text there"),
        ("prompt_left", lambda text: _PROMPT_LEFT.search(text) is not None,
         "a teacher's instructions stand in the input", "cut the instructions: the student sees the input alone"),
        ("empty", lambda text: not (normalise(text) or same_text(text)),
         "nothing is left of the text after normalising",
         "exclude these rows, or import the missing text"),
    ]  # fmt: skip
    faults = [
        Fault(rule, rows, detail, advice)
        for rule, test, detail, advice in rules
        if (rows := tuple(row for row, text in enumerate(texts) if test(text)))
    ]
    return faults + _overlong(texts) + _label_faults(labels, known_labels)


def system_faults(systems: Sequence[str | None]) -> list[Fault]:
    """Find lost characters and marks of a chat template in system prompts; None is a row without one."""
    rules = [
        ("chat_template_mark", CHAT_MARKS, "marks of a chat template stand in the system prompt",
         "remove the marks: the trainer's renderer adds its own"),
        ("broken_encoding", BROKEN, "characters of the system prompt were lost or decoded twice",
         "import again from the source, as UTF-8"),
        ("control_character", CONTROLS, "a control character (NUL, for example) stands in the system prompt",
         "remove it: readers cut the text there"),
    ]  # fmt: skip
    return [
        Fault(rule, rows, detail, advice, place=SYSTEM)
        for rule, pattern, detail, advice in rules
        if (rows := tuple(row for row, text in enumerate(systems) if text and pattern.search(text)))
    ]


def mixed_system_prompts(systems: Sequence[str | None]) -> list[Fault]:
    """Find rows whose system prompt is not the one that most rows have; None is a row without one."""
    counts = Counter(None if system is None else " ".join(system.split()) for system in systems)
    if len(counts) < 2:
        return []
    usual = counts.most_common(1)[0][0]
    rows = tuple(row for row, given in enumerate(systems) if (given and " ".join(given.split())) != usual)
    shown = ", ".join(f"{count:,} rows " + ("without one" if system is None else f"with {system[:60]!r}")
                      for system, count in counts.most_common(4))  # fmt: skip
    return [Fault("mixed_system_prompts", rows, f"{len(counts):,} different system prompts: {shown}",
                  "give all rows one system prompt, or say why they differ: the student learns by it")]  # fmt: skip


def _overlong(texts: Sequence[str]) -> list[Fault]:
    if not texts:
        return []
    words_N = np.array([len(text.split()) for text in texts])
    limit = max(_LONG_WORDS, MAX_WORDS_OVER_MEDIAN * float(np.median(words_N)))
    rows = tuple(np.flatnonzero(words_N > limit).tolist())
    if not rows:
        return []
    detail = f"over {limit:,.0f} words, the longest {int(words_N.max()):,}; the median is {np.median(words_N):,.0f}"
    return [Fault("overlong", rows, detail, "check for pasted documents: a trainer cuts long rows from the right")]


def _label_faults(labels: Sequence[str | None], known_labels: Sequence[str] | None) -> list[Fault]:
    rows_by_label: dict[str, list[int]] = defaultdict(list)
    for row, label in enumerate(labels):
        if label is not None:
            rows_by_label[label].append(row)
    faults = []
    spellings: dict[str, list[str]] = defaultdict(list)
    if known_labels is not None:  # free answers are not expected to agree in spelling
        for label in sorted(rows_by_label):
            spellings["_".join(normalise(label).split())].append(label)
    for variants in spellings.values():
        if len(variants) > 1:
            ranked = sorted(variants, key=lambda label: (label not in (known_labels or ()), -len(rows_by_label[label])))
            rows = tuple(sorted(row for label in ranked[1:] for row in rows_by_label[label]))
            faults.append(Fault("label_variants", rows, "spellings of one label: " + ", ".join(map(repr, ranked)),
                                f"relabel to {ranked[0]!r}", ranked[0]))  # fmt: skip
    padded = tuple(sorted(row for label, rows in rows_by_label.items() if label != label.strip() for row in rows))
    if padded:
        faults.append(Fault("label_space", padded, "labels begin or end with white space", "strip the labels"))
    if known_labels is not None:
        unknown = {label: rows for label, rows in rows_by_label.items() if label not in known_labels}
        if unknown:
            rows = tuple(sorted(row for rows_ in unknown.values() for row in rows_))
            names = ", ".join(map(repr, sorted(unknown)[:10]))
            faults.append(Fault("unknown_label", rows, f"labels that the task does not define: {names}",
                                "relabel, or add the label to the task"))  # fmt: skip
    return faults


_FIELD = re.compile(r"(?<!\w)([^\W\d_]\w{0,30})[\"']?\s*[:=]\s*[\"'\[(]?([\w\- ]+)")
_LABEL_FIELDS = frozenset(["label", "category", "intent", "class", "answer", "topic", "tag"])
_LABEL_WORDS = 8
_OWN = 0.8  # another field gives labels away where this share of the labels in it are the row's own


def shortcuts(texts: Sequence[str], labels: Sequence[str | None], *, min_rows: int = 5) -> list[Fault]:
    """Find fields of the input that give the label away, such as "category: refund" in rows labelled refund."""
    known = {normalise(label) for label in labels if label is not None}
    own: dict[str, list[int]] = defaultdict(list)
    stated: Counter[str] = Counter()
    for row, (text, label) in enumerate(zip(texts, labels, strict=True)):
        if label is None:
            continue
        said = {(normalise(key), name) for key, value in _FIELD.findall(text) for name in _beginnings(value) & known}
        stated.update({key for key, _ in said})
        found = {key for key, name in said if name == normalise(label)}
        for key in found:
            own[key].append(row)
    return [
        Fault("label_in_input", tuple(rows), f"{len(rows)} rows state their label in the input, after {key!r}",
              "remove the field from the input: a student learns to copy it, and fails where it is missing")
        for key, rows in sorted(own.items())
        if len(rows) >= min_rows and (key in _LABEL_FIELDS or len(rows) >= _OWN * stated[key])
    ]  # fmt: skip


def _beginnings(value: str) -> set[str]:
    words = normalise(value).split()
    return {" ".join(words[:count]) for count in range(1, min(len(words), _LABEL_WORDS) + 1)}
