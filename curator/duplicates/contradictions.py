"""The same or nearly the same input under different labels, as groups that a person settles once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from curator.duplicates.groups import exact_groups, near_groups
from curator.duplicates.lexical import NearPairs, differing_words
from curator.text import SameText, same_text

_NEAR_THRESHOLD = 0.85
"""A looser likeness would set intents that differ in one word ("virtual card", "card") against each other."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A group of alike rows whose labels disagree.

    Attributes:
        rows: The rows, in order.
        labels: Their labels, in the same order.
        exact: True where all texts are the same after normalisation.
        scores: Similarity of each row to the representative, 0..1.
        words: For each row, the words that not every row of the group has.
        majority: The most frequent label, or None where two are equally frequent.
    """

    rows: tuple[int, ...]
    labels: tuple[str, ...]
    exact: bool
    scores: tuple[float, ...]
    words: tuple[tuple[str, ...], ...]
    majority: str | None


def contradictions(
    texts: Sequence[str],
    labels: Sequence[str | None],
    pairs: NearPairs,
    *,
    contexts: Sequence[str | None] | None = None,
    threshold: float = _NEAR_THRESHOLD,
) -> list[Contradiction]:
    """Return the contradictions: first among equal texts, then among near ones, each in row order.

    A row stands in at most one exact and one near group; rows without a label take no part. A near
    group whose disagreement lies wholly inside one exact group is not reported again.

    Args:
        texts: The raw texts.
        labels: The label of each row, or None.
        pairs: From `curator.duplicates.lexical.near_pairs` on the same texts and contexts.
        contexts: What each input is beside its text; inputs that differ in it are different.
        threshold: Least similarity for a near contradiction, 0..1.
    """
    beside = contexts or [None] * len(texts)
    inputs = [(same_text(text), context) for text, context in zip(texts, beside, strict=True)]
    by_form: dict[tuple[SameText, str | None], list[int]] = {}
    for row, key in enumerate(inputs):
        if labels[row] is not None:
            by_form.setdefault(key, []).append(row)
    # Texts of which nothing is left ("-", "?") say nothing; the check for empty texts names them.
    exact = [rows for (text, _), rows in by_form.items() if text and len({labels[row] for row in rows}) > 1]
    result = [_contradiction(texts, labels, rows, (1.0,) * len(rows), exact=True) for rows in exact]
    # One row stands for its exact copies in `pairs`; bring the copies back in.
    copies = {group.rows[0]: group.rows for group in exact_groups(texts, contexts)}
    for group in near_groups(pairs, len(texts), threshold=threshold):
        score_by_row = {
            copy: score for row, score in zip(group.rows, group.scores, strict=True) for copy in copies.get(row, (row,))
        }
        rows = sorted(row for row in score_by_row if labels[row] is not None)
        sides = {frozenset(str(labels[row]) for row in by_form[inputs[row]]) for row in rows}
        if len({labels[row] for row in rows}) > 1 and len(sides) > 1:
            result.append(_contradiction(texts, labels, rows, tuple(score_by_row[row] for row in rows), exact=False))
    return result


def _contradiction(
    texts: Sequence[str], labels: Sequence[str | None], rows: list[int], scores: tuple[float, ...], *, exact: bool
) -> Contradiction:
    given = [str(labels[row]) for row in rows]
    ranked = Counter(given).most_common(2)
    return Contradiction(
        rows=tuple(rows),
        labels=tuple(given),
        exact=exact,
        scores=scores,
        words=tuple(tuple(words) for words in differing_words([texts[row] for row in rows])),
        majority=ranked[0][0] if ranked[0][1] > ranked[1][1] else None,
    )
