"""Leaks into test: what stands on both sides of the split."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from curator.duplicates.lexical import NearPairs
from curator.duplicates.templates import NAME, NUMBER, SLOT, TEMPLATE_ROWS
from curator.text import same_text

_TEMPLATE_WORDS = 4  # a few words around a number ("to 0") are no template
_ONE_LABEL = 0.8
"""Share of a template's labels that are one label; below it, the words in its slots are what decides."""


@dataclass(frozen=True, slots=True)
class Leak:
    """Test rows that stand in train: `how` is "exact", "near", "template" (see `templates`), "query" or "group"."""

    how: str
    test_rows: tuple[int, ...]
    train_rows: tuple[int, ...]
    scores: tuple[float, ...]


def leaks(
    texts: Sequence[str],
    splits: Sequence[str | None],
    groups: Sequence[str | None],
    pairs: NearPairs,
    forms: Sequence[str],
    *,
    labels: Sequence[str | None] = (),
    contexts: Sequence[str | None] | None = None,
    queries: Sequence[str | None] = (),
    threshold: float = 0.85,
) -> list[Leak]:
    """Find what stands on both sides of the split: equal and near texts, rows of one template, source group or query.

    Args:
        texts: The raw texts.
        splits: "train", "test" or None for each row.
        groups: The source group of each row, or None.
        pairs: From `curator.duplicates.lexical.near_pairs` on the same texts.
        forms: From `curator.duplicates.templates.template_forms` on the same texts.
        labels: The label of each row of a classification; empty for other tasks.
        contexts: What each input is beside its text; inputs that differ in it are different.
        queries: The form of each row's query, literals included, for SQL; else empty.
        threshold: Least similarity of a near leak, 0..1.
    """
    beside = contexts or [None] * len(texts)
    inputs = [(same_text(text), context) for text, context in zip(texts, beside, strict=True)]
    found = _straddling("exact", [each if each[0] else None for each in inputs], splits)
    partners: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for left, right, score in zip(pairs.left_P.tolist(), pairs.right_P.tolist(), pairs.score_P.tolist(), strict=True):
        if score >= threshold and {splits[left], splits[right]} == {"train", "test"}:
            test, train = (left, right) if splits[left] == "test" else (right, left)
            partners[test].append((train, score))
    found += [
        Leak("near", (test,), tuple(row for row, _ in near), tuple(score for _, score in near))
        for test, near in sorted(partners.items())
    ]
    templates = _templates(forms, labels)
    keys = [form and (form, context) for form, context in zip(templates, beside, strict=True)]
    for leak in _straddling("template", keys, splits):
        trained = {inputs[row] for row in leak.train_rows}
        if any(inputs[row] not in trained for row in leak.test_rows):
            found.append(leak)
    found += _straddling("query", queries or [None] * len(texts), splits)
    return found + _straddling("group", groups, splits)


def _templates(forms: Sequence[str], labels: Sequence[str | None]) -> list[str | None]:
    """The template of each row, or None: its form, where other numbers alone, or other words too, are one thing."""
    rows = Counter(forms)
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for form, label in zip(forms, labels or [None] * len(forms), strict=True):
        if label is not None:
            said[form][label] += 1

    def one_thing(form: str) -> bool:
        words = form.split()
        alike = max(said[form].values(), default=0) >= _ONE_LABEL * said[form].total()
        others = NAME in words or SLOT in words
        return len(words) >= _TEMPLATE_WORDS and (rows[form] >= TEMPLATE_ROWS and alike if others else NUMBER in form)

    judged = {form: one_thing(form) for form in rows}
    return [form if judged[form] else None for form in forms]


def _straddling(how: str, keys: Sequence[Hashable | None], splits: Sequence[str | None]) -> list[Leak]:
    sides: dict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for row, (key, split) in enumerate(zip(keys, splits, strict=True)):
        if key is not None and split in ("test", "train"):
            sides[key][split == "train"].append(row)
    return [
        Leak(how, tuple(test), tuple(train), (1.0,) * len(train)) for test, train in sides.values() if test and train
    ]
