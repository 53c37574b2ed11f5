"""Leaks into test: what stands on both sides of the split."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from curator.dedup import NearPairs
from curator.hygiene import template_form
from curator.normalise import same_text

_TEMPLATE_WORDS = 4


@dataclass(frozen=True, slots=True)
class Leak:
    """Test rows that stand in train: `how` is "exact", "near", "template" (other numbers, else the same) or "group"."""

    how: str
    test_rows: tuple[int, ...]
    train_rows: tuple[int, ...]
    scores: tuple[float, ...]


def leaks(
    texts: Sequence[str],
    splits: Sequence[str | None],
    groups: Sequence[str | None],
    pairs: NearPairs,
    *,
    threshold: float = 0.85,
) -> list[Leak]:
    """Find what stands on both sides of the split: equal and near texts, rows of one template and of one source group.

    Args:
        texts: The raw texts.
        splits: "train", "test" or None for each row.
        groups: The source group of each row, or None.
        pairs: From `curator.dedup.near_pairs` on the same texts.
        threshold: Least similarity of a near leak, 0..1.
    """
    found = _straddling("exact", [same if (same := same_text(text))[0] else None for text in texts], splits)
    partners: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for left, right, score in zip(pairs.left_P.tolist(), pairs.right_P.tolist(), pairs.score_P.tolist(), strict=True):
        if score >= threshold and {splits[left], splits[right]} == {"train", "test"}:
            test, train = (left, right) if splits[left] == "test" else (right, left)
            partners[test].append((train, score))
    found += [
        Leak("near", (test,), tuple(row for row, _ in near), tuple(score for _, score in near))
        for test, near in sorted(partners.items())
    ]
    # A few words around a number ("to 0") are no template.
    masked = map(template_form, texts)
    forms = [form if "0" in form and len(form.split()) >= _TEMPLATE_WORDS else None for form in masked]
    for leak in _straddling("template", forms, splits):
        trained = {same_text(texts[row]) for row in leak.train_rows}
        if any(same_text(texts[row]) not in trained for row in leak.test_rows):
            found.append(leak)
    return found + _straddling("group", groups, splits)


def _straddling(how: str, keys: Sequence[Hashable | None], splits: Sequence[str | None]) -> list[Leak]:
    sides: dict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for row, (key, split) in enumerate(zip(keys, splits, strict=True)):
        if key is not None and split in ("test", "train"):
            sides[key][split == "train"].append(row)
    return [
        Leak(how, tuple(test), tuple(train), (1.0,) * len(train)) for test, train in sides.values() if test and train
    ]
