"""Pairs of near duplicates: candidates are cheap, each pair is verified, guards are never crossed.

A pair that differs in a number, a negation, a name or a sign is no duplicate, however alike it looks
(`curator.text.normal_form.Marks`). Candidates come from three sources, so that short texts are not left to
the luck of a sketch: texts equal but for one word, texts equal after words at an end, and MinHash
(Broder 1997) with locality-sensitive hashing for the rest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from curator.text import (
    END_WORDS,
    KnownWords,
    SameText,
    compare,
    courtesy_cuts,
    known_words,
    marks,
    normalise,
    only_in,
    same_text,
    unspaced_words,
    without_courtesies,
)

_SHORT = 40  # texts of at most this many words get the one-word keys; longer ones are safe with MinHash
_BUCKET = 40  # above this, a bucket's words are compared with their neighbours in sorted order only
_LEAST_WORDS = 3  # that a text has beside a courtesy
_LONGEST_WORD = (
    40  # letters; longer ones are no words, and a word less one letter, each in turn, grows with their square
)
_RARE = 2  # texts that use a misspelling, at most
_PERMUTATIONS, _ROWS = 128, 4  # 32 bands of 4: Jaccard 0.6 is found with 0.988, 0.25 with 0.12
_MIN_JACCARD = 0.4  # below this a MinHash candidate is not worth aligning
_BITS = 2048  # in which the shingles of a text are noted
_CHUNK = 1 << 14  # rows, or pairs, at once


@dataclass(frozen=True, slots=True)
class NearPairs:
    """Verified near-duplicate pairs of rows.

    Attributes:
        left_P: The smaller row of each pair.
        right_P: The larger row.
        score_P: Similarity in 0..1: twice the characters of shared words over all characters.
        reasons: What differs: "spacing", "typo", "words", "ends" or "courtesy" (a greeting, thanks, a closing).
        only_left: Words that say more and that the smaller row alone has; empty where that is not known.
        only_right: Those of the larger row.
    """

    left_P: NDArray[np.int64]
    right_P: NDArray[np.int64]
    score_P: NDArray[np.float64]
    reasons: tuple[str, ...]
    only_left: tuple[str, ...] = ()
    only_right: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.reasons)

    def of_rows(self, rows: Sequence[int]) -> "NearPairs":
        """The pairs of a part in the numbers of the whole: row i of the part is `rows[i]`, in rising order."""
        at = np.array(rows, dtype=np.int64)
        return replace(self, left_P=at[self.left_P], right_P=at[self.right_P])

    def by_words(self) -> NDArray[np.bool_]:
        """Which pairs differ by whole words, in the middle or at an end."""
        return np.array([reason in ("words", "ends") for reason in self.reasons], dtype=bool)

    def without(self, dropped_P: NDArray[np.bool_]) -> "NearPairs":
        """The pairs but for those marked."""
        kept = np.flatnonzero(~dropped_P)
        reasons, only_left, only_right = (
            tuple(words[at] for at in kept.tolist()) if words else ()
            for words in (self.reasons, self.only_left, self.only_right)
        )
        return NearPairs(self.left_P[kept], self.right_P[kept], self.score_P[kept], reasons, only_left, only_right)

    @staticmethod
    def joined(parts: Sequence["NearPairs"]) -> "NearPairs":
        """The pairs of several parts, in row order."""
        if not parts:
            none = np.array([], dtype=np.int64)
            return NearPairs(none, none, np.array([], dtype=np.float64), ())
        left_P, right_P, score_P = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("left_P", "right_P", "score_P")
        )
        order = np.lexsort((right_P, left_P))
        words = [
            [word for part in parts for word in getattr(part, name)] for name in ("reasons", "only_left", "only_right")
        ]
        reasons, only_left, only_right = (tuple(each[i] for i in order.tolist()) for each in words)
        return NearPairs(left_P[order], right_P[order], score_P[order], reasons, only_left, only_right)


def near_pairs(texts: Sequence[str], *, contexts: Sequence[str | None] | None = None, seed: int = 0) -> NearPairs:
    """Return every verified near-duplicate pair that is not an exact one.

    Exact copies stand for each other: a pair is reported once, between the first rows of each.
    Thresholds apply later (`near_groups`), without another pass.

    Args:
        texts: The raw texts, in row order.
        contexts: What each input is beside its text; only rows that share it are compared.
        seed: Seed of the MinHash permutations.
    """
    if contexts is None or len(set(contexts)) < 2:
        return _near_pairs(texts, seed)
    rows_by_context: dict[str | None, list[int]] = defaultdict(list)
    for row, context in enumerate(contexts):
        rows_by_context[context].append(row)
    made = [
        _near_pairs([texts[row] for row in rows], seed).of_rows(rows)
        for rows in rows_by_context.values()
        if len(rows) > 1
    ]
    return NearPairs.joined(made)


def _near_pairs(texts: Sequence[str], seed: int) -> NearPairs:
    marks_N = marks(texts)
    first_row: dict[SameText, int] = {}
    for row, text in enumerate(texts):
        first_row.setdefault(same_text(text), row)
    rows = np.array(list(first_row.values()), dtype=np.int64)
    forms = [text.form for text in first_row]
    tokens = [form.split() for form in forms]
    uses = Counter(word for words in tokens for word in set(words))
    known = known_words(uses, len(forms))
    found: dict[tuple[int, int], tuple[float, str]] = {}
    tried: set[tuple[int, int]] = set()
    for a, b in _candidates(forms, tokens, corrections(uses, known), seed):
        pair = (a, b) if rows[a] < rows[b] else (b, a)
        if pair in tried or a == b:
            continue
        tried.add(pair)
        if marks_N[rows[a]].shared_by(marks_N[rows[b]]):
            words = known.of_text(set(tokens[a]).union(tokens[b]))
            verdict = compare(tokens[a], tokens[b], uses, words)
            if verdict:
                found[pair] = verdict
    pairs = sorted(found, key=lambda pair: (rows[pair[0]], rows[pair[1]]))
    return NearPairs(
        left_P=np.array([rows[a] for a, _ in pairs], dtype=np.int64),
        right_P=np.array([rows[b] for _, b in pairs], dtype=np.int64),
        score_P=np.array([found[pair][0] for pair in pairs], dtype=np.float64),
        reasons=tuple(found[pair][1] for pair in pairs),
        only_left=tuple(_extra(found[a, b][1], tokens[a], tokens[b]) for a, b in pairs),
        only_right=tuple(_extra(found[a, b][1], tokens[b], tokens[a]) for a, b in pairs),
    )


def _extra(reason: str, a: Sequence[str], b: Sequence[str]) -> str:
    return only_in(a, b) if reason in ("words", "ends") else ""


def _candidates(
    forms: list[str], tokens: list[list[str]], right: Mapping[str, str], seed: int
) -> Iterator[tuple[int, int]]:
    # Misspelt words are taken for what they probably are, so that two of them in a short text do not hide it.
    spelt = [[right.get(word, word) for word in words] for words in tokens]
    by_form: dict[str, list[int]] = defaultdict(list)
    by_compact: dict[str, list[int]] = defaultdict(list)
    by_core: dict[str, list[int]] = defaultdict(list)
    for row, words in enumerate(spelt):
        by_form[" ".join(words)].append(row)
        compact = forms[row].replace(" ", "")
        by_compact[compact].append(row)
        if not compact.isascii():
            by_core[without_courtesies(compact)].append(row)
    for rows in (*by_form.values(), *by_compact.values(), *by_core.values()):
        yield from combinations(rows[:_BUCKET], 2)
    yield from _courtesy_candidates(spelt)
    yield from _one_part_candidates([(words, " ") for words in spelt], by_form)
    # Without spaces the parts are characters.
    glued = [(list("".join(words)) if unspaced_words(words) else [], "") for words in tokens]
    yield from _one_part_candidates(glued, by_compact)
    yield from _minhash_candidates([" ".join(words) for words in spelt], seed)


def _courtesy_candidates(tokens: list[list[str]]) -> Iterator[tuple[int, int]]:
    """Pair texts of which one is the other with a greeting or a closing, however long that is."""
    by_ends: dict[tuple[int, str, str, str], list[int]] = defaultdict(list)
    for row, words in enumerate(tokens):
        if len(words) >= _LEAST_WORDS:
            by_ends[len(words), words[0], words[1], words[-1]].append(row)
    for row, words in enumerate(tokens):
        starts, ends = courtesy_cuts(words)
        for start in starts:
            for end in ends:
                size = len(words) - start - end
                if size < _LEAST_WORDS or size == len(words):
                    continue
                key = (size, words[start], words[start + 1], words[start + size - 1])
                for other in by_ends.get(key, ())[:_BUCKET]:
                    if tokens[other] == words[start : start + size]:
                        yield row, other


def corrections(uses: Mapping[str, int], known: KnownWords) -> dict[str, str]:
    """Return what words that few texts use, and that no language has, are probably meant for: one edit away, in use.

    Words one edit apart share themselves, or themselves less one letter (Garbe's symmetric delete).

    Args:
        uses: Word -> number of texts that use it.
        known: The words of the corpus' languages.
    """
    odd = [word for word, texts in uses.items() if texts <= _RARE and word.isalpha() and 2 < len(word) <= _LONGEST_WORD
           and word not in known]  # fmt: skip
    wanted: dict[str, list[str]] = defaultdict(list)
    for word in odd:
        for key in _less_one(word):
            wanted[key].append(word)
    best: dict[str, tuple[bool, int, str]] = {}
    for word, texts in uses.items():
        if not word.isalpha() or not 2 <= len(word) <= _LONGEST_WORD:
            continue
        for key in _less_one(word):
            for other in wanted.get(key, ()):
                rank = (word in known, texts, word)
                if other != word and texts > uses[other] and rank > best.get(other, (False, 0, "")):
                    best[other] = rank
    return {word: found[2] for word, found in best.items()}


def _less_one(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _one_part_candidates(
    parts_N: list[tuple[list[str], str]], by_text: dict[str, list[int]]
) -> Iterator[tuple[int, int]]:
    """Pair texts that are equal but for one part, or after some parts at an end are cut off."""
    buckets: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row, (parts, space) in enumerate(parts_N):
        if not 2 <= len(parts) <= _SHORT:
            continue
        for place, part in enumerate(parts):
            before, after = parts[:place], parts[place + 1 :]
            buckets[f"{space.join(before)}\0{space.join(after)}"].append((part, row))
            yield from ((row, other) for other in by_text.get(space.join(before + after), ()))
        for cut in range(2, min(END_WORDS, len(parts) - 2) + 1):
            for rest in (parts[cut:], parts[:-cut]):
                yield from ((row, other) for other in by_text.get(space.join(rest), ()))
    for bucket in buckets.values():
        if len(bucket) <= _BUCKET:
            yield from ((a, b) for (_, a), (_, b) in combinations(bucket, 2))
        else:
            for order in (sorted(bucket), sorted(bucket, key=lambda item: (item[0][::-1], item[1]))):
                for place, (_, row) in enumerate(order):
                    yield from ((row, other) for _, other in order[place + 1 : place + 9])


def shingles(form: str, size: int = 3) -> frozenset[str]:
    """Return the character n-grams of a normalised text, with a space at both ends."""
    padded = f" {form} "
    return frozenset([padded[start : start + size] for start in range(max(1, len(padded) - size + 1))])


def _minhash_candidates(forms: list[str], seed: int) -> Iterator[tuple[int, int]]:
    if len(forms) < 2:
        return
    made = [_sketches(forms[at : at + _CHUNK], seed) for at in range(0, len(forms), _CHUNK)]
    digests_NP, bits_NW, sizes_N = (np.concatenate(parts) for parts in zip(*made, strict=True))
    beside_N = sizes_N - np.bitwise_count(bits_NW).sum(axis=1, dtype=np.int64)
    kept = []
    for start in range(0, _PERMUTATIONS, _ROWS):
        left_P, right_P = _band_pairs(digests_NP, start)
        for at in range(0, len(left_P), _CHUNK):
            left, right = left_P[at : at + _CHUNK], right_P[at : at + _CHUNK]
            shared = np.bitwise_count(bits_NW[left] & bits_NW[right]).sum(axis=1, dtype=np.int64)
            shared += np.minimum(beside_N[left], beside_N[right])
            high = _jaccard_at_most(shared, sizes_N[left], sizes_N[right]) >= _MIN_JACCARD
            kept.append(left[high] * len(forms) + right[high])
    # Shared shingles are at most the shared bits and those that share a bit in one text: most pairs are far below what
    # is worth aligning, and are gone by now.
    known = cache(shingles)
    for key in np.unique(np.concatenate(kept)).tolist() if kept else ():
        a, b = divmod(key, len(forms))
        if _jaccard(known(forms[a]), known(forms[b])) >= _MIN_JACCARD:
            yield a, b


def _sketches(forms: Sequence[str], seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint64], NDArray[np.int64]]:
    """Of each form: its MinHash digest, its shingles as bits (each sets one, by its hash), and how many it has."""
    sets = [shingles(form) for form in forms]
    matrix = RMinHash.digest_matrix_from_token_sets([list(each) for each in sets], _PERMUTATIONS, seed)
    sizes_N = np.array([len(each) for each in sets], dtype=np.int64)
    places = np.fromiter(map(hash, chain.from_iterable(sets)), dtype=np.int64, count=int(sizes_N.sum())) % _BITS
    bits_NB = np.zeros((len(forms), _BITS), dtype=bool)
    bits_NB[np.repeat(np.arange(len(forms)), sizes_N), places] = True
    return np.array(matrix.to_rows(), dtype=np.uint32), np.packbits(bits_NB, axis=1).view(np.uint64), sizes_N


def _jaccard_at_most(
    shared_P: NDArray[np.int64], left_P: NDArray[np.int64], right_P: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The Jaccard of pairs of sets of these sizes that share at most so many."""
    shared_P = np.minimum(shared_P, np.minimum(left_P, right_P))
    return shared_P / (left_P + right_P - shared_P)


def _band_pairs(digests_NP: NDArray[np.uint32], start: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows that share a band of the digest, as pairs (smaller, larger); of a large bucket, neighbours alone.

    A bucket that large is a shared template; neighbours in it still meet in other bands.
    """
    band = np.ascontiguousarray(digests_NP[:, start : start + _ROWS]).view(f"V{4 * _ROWS}").ravel()
    _, inverse, counts = np.unique(band, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    begin = np.cumsum(counts) - counts
    lefts, rights = [], []
    for size in np.unique(counts[(counts > 1) & (counts <= _BUCKET)]).tolist():
        rows_GS = order[begin[counts == size][:, None] + np.arange(size)]
        one, other = np.triu_indices(size, k=1)
        lefts.append(rows_GS[:, one].ravel())
        rights.append(rows_GS[:, other].ravel())
    for large in np.flatnonzero(counts > _BUCKET).tolist():
        members = order[begin[large] : begin[large] + counts[large]]
        lefts.append(members[:-1])
        rights.append(members[1:])
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *lefts]), np.concatenate([none, *rights])


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)


def differing_words(texts: Sequence[str]) -> list[list[str]]:
    """Return, for each text of a group, its words that not every other text of the group has."""
    token_sets = [set(normalise(text).split()) for text in texts]
    shared = set.intersection(*token_sets) if token_sets else set()
    return [[word for word in normalise(text).split() if word not in shared] for text in texts]
