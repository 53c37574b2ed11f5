"""How far reviewers agree: raw, and corrected for chance in the usual ways, each with an interval.

All coefficients for any number of raters are functions of how often each label was given to each item,
so missing ratings are no special case. Intervals resample items (percentile bootstrap).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curator.errors import DataError, NotEnoughDataError

MOST_CLASSES: Final = 100
"""With more different answers (free ones are nearly as many as rows) agreement is not told by class."""
_MOST_CELLS, _FEW_SAMPLES = 20_000_000, 200
_CHUNK: Final = 4_000_000
"""Bootstrap weights held in memory at once."""


@dataclass(frozen=True, slots=True)
class Ratings:
    """Ratings in long form: rating n gave item `item_N[n]` by rater `rater_N[n]` the label `label_N[n]`.

    The arrays hold indices into `items`, `raters` and `labels`.
    """

    items: tuple[str, ...]
    raters: tuple[str, ...]
    labels: tuple[str, ...]
    item_N: NDArray[np.int64]
    rater_N: NDArray[np.int64]
    label_N: NDArray[np.int64]

    @property
    def counts_IK(self) -> NDArray[np.int64]:
        """How often each label was given to each item, [I, K]."""
        cells = np.bincount(self.item_N * len(self.labels) + self.label_N, minlength=len(self.items) * len(self.labels))
        return cells.reshape(len(self.items), len(self.labels))


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient with its interval, over `items` with two or more ratings.

    `value` is None where it is not defined, and `note` says why or how to read it.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    items: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """Every coefficient, by class (name: label), by rater and by pair of raters (name: "a, b")."""

    items: int
    raters: int
    ratings: int
    overall: tuple[Coefficient, ...]
    by_class: tuple[Coefficient, ...]
    by_rater: tuple[Coefficient, ...]
    by_pair: tuple[Coefficient, ...]
    notes: tuple[str, ...]


def ratings(triples: Iterable[tuple[str, str, str]], labels: Sequence[str] | None = None) -> Ratings:
    """Index (item, rater, label) triples, in sorted order, so that their order changes nothing.

    Args:
        triples: One for each rating. One rater may rate an item more than once.
        labels: All labels of the task; without it, those that occur.

    Raises:
        NotEnoughDataError: There is no rating.
        DataError: A rating's label is not among `labels`.
    """
    rows = sorted(triples)
    if not rows:
        raise NotEnoughDataError("there are no ratings: have at least two people review the same rows")
    items, raters = sorted({row[0] for row in rows}), sorted({row[1] for row in rows})
    names = sorted({row[2] for row in rows}) if labels is None else list(labels)
    at = [{name: i for i, name in enumerate(axis)} for axis in (items, raters, names)]
    stray = next((row for row in rows if row[2] not in at[2]), None)
    if stray is not None:
        raise DataError(f"item {stray[0]}, rater {stray[1]}: label {stray[2]!r} is not one of {names}")
    columns = [np.array([at[c][row[c]] for row in rows], dtype=np.int64) for c in range(3)]
    return Ratings(tuple(items), tuple(raters), tuple(names), *columns)


def agreement(
    rated: Ratings, *, seed: int, confidence: float = 0.95, repetitions: int = 2000, most_pairs: int = 45
) -> AgreementReport:
    """Report raw agreement, Krippendorff's alpha, Fleiss' kappa, Gwet's AC1, and Cohen's kappa by pair.

    - raw: mean over items of the share of agreeing pairs of ratings;
    - Krippendorff's alpha, nominal: 1 - D_o / D_e over pairable values (Krippendorff 2011);
    - Fleiss' kappa (1971), with Gwet's mean item shares where items have unequal numbers of ratings;
    - Gwet's AC1 (2008): chance agreement sum(p_k (1 - p_k)) / (K - 1) over the task's K labels. The shares p_k of
      both are over all rated items (Gwet 2014, ch. 2); items rated once count in them and are not resampled;
    - by rater: how often another rating of the same item is the rater's own;
    - by class: of two ratings of one item, how often the second is k, given that the first is k.

    Args:
        rated: The ratings.
        seed: Of the bootstrap.
        confidence: Of the intervals.
        repetitions: Bootstrap samples.
        most_pairs: Cohen's kappa is reported for this many pairs, those sharing most items first.

    Raises:
        NotEnoughDataError: No item has two ratings.
    """
    rated, notes = _bounded(rated, seed)
    shared_IK, once_K = shared_counts(rated)
    if len(rated.labels) > MOST_CLASSES:
        repetitions = min(repetitions, _FEW_SAMPLES)
    boot = Bootstrap(seed, repetitions, confidence, once_K)
    overall = [boot.coefficient(name, f, shared_IK) for name, f in COEFFICIENTS.items()]
    many = len(rated.labels) > MOST_CLASSES
    by_class = tuple(
        boot.coefficient(label, partial(_specific, k=k), shared_IK)
        for k, label in enumerate(() if many else rated.labels)
    )
    if many:
        notes.append(f"{len(rated.labels):,} different answers, as free ones are: agreement is not told by answer, and "
                     f"intervals rest on {boot.repetitions} samples")  # fmt: skip
    return AgreementReport(
        items=len(rated.items),
        raters=len(rated.raters),
        ratings=len(rated.item_N),
        overall=tuple(overall),
        by_class=by_class,
        by_rater=tuple(_by_rater(rated, boot)),
        by_pair=tuple(_pairs(rated, boot, most_pairs)),
        notes=(*reading_notes(overall, shared_IK, rated.labels), *notes),
    )


def _bounded(rated: Ratings, seed: int) -> tuple[Ratings, list[str]]:
    """The ratings, of a sample of the items where items times answers are too many to hold, and a note that says so."""
    size = len(rated.items)
    if size * len(rated.labels) <= _MOST_CELLS:
        return rated, []
    kept = int(size * (_MOST_CELLS / (size * len(rated.labels))) ** 0.5)
    chosen_I = np.zeros(size, dtype=bool)
    chosen_I[np.random.default_rng(seed).choice(size, kept, replace=False)] = True
    rows = np.flatnonzero(chosen_I[rated.item_N])
    codes = zip(rated.item_N[rows], rated.rater_N[rows], rated.label_N[rows], strict=True)
    sample = ratings((rated.items[i], rated.raters[r], rated.labels[k]) for i, r, k in codes)
    return sample, [f"of {size:,} rows with {len(rated.labels):,} different answers, {kept:,} were drawn and measured"]


def shared_counts(rated: Ratings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ratings by label of each item that has two or more, [I, K], and of all items that have one together, [K]."""
    counts_IK = rated.counts_IK
    shared_IK = counts_IK[counts_IK.sum(axis=1) >= 2].astype(np.float64)
    if not len(shared_IK):
        raise NotEnoughDataError("no item has two ratings: have two people review the same rows")
    return shared_IK, counts_IK[counts_IK.sum(axis=1) == 1].sum(axis=0).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Item sums under B sets of item weights, from which every coefficient follows."""

    weight_B: NDArray[np.float64]  # items with two or more ratings
    rated_B: NDArray[np.float64]  # those and the items with one
    agree_B: NDArray[np.float64]  # sum over items of the share of agreeing pairs
    share_BK: NDArray[np.float64]  # sum over all rated items of the share of each label
    count_BK: NDArray[np.float64]  # ratings by label
    same_BK: NDArray[np.float64]  # sum of n_ik (n_ik - 1) / (n_i - 1)


Statistic = Callable[[_Sums], NDArray[np.float64]]


def _sums(counts_IK: NDArray[np.float64], weights_BI: NDArray[np.float64], once_K: NDArray[np.float64]) -> _Sums:
    size_I = counts_IK.sum(axis=1)
    same_IK = counts_IK * (counts_IK - 1) / (size_I - 1)[:, None]
    return _Sums(
        weights_BI.sum(axis=1),
        weights_BI.sum(axis=1) + once_K.sum(),
        weights_BI @ (same_IK.sum(axis=1) / size_I),
        weights_BI @ (counts_IK / size_I[:, None]) + once_K,
        weights_BI @ counts_IK,
        weights_BI @ same_IK,
    )


def _ratio(top_B: NDArray[np.float64], bottom_B: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quotient, NaN where the denominator is nothing."""
    out_B = np.full(len(top_B), np.nan)
    np.divide(top_B, bottom_B, out=out_B, where=bottom_B > 1e-12)
    return out_B


def _raw(s: _Sums) -> NDArray[np.float64]:
    return _ratio(s.agree_B, s.weight_B)


def _alpha(s: _Sums) -> NDArray[np.float64]:
    total_B = s.count_BK.sum(axis=1)
    observed_B = 1 - s.same_BK.sum(axis=1) / total_B
    expected_B = 1 - (s.count_BK * (s.count_BK - 1)).sum(axis=1) / (total_B * (total_B - 1))
    return 1 - _ratio(observed_B, expected_B)


def _fleiss(s: _Sums) -> NDArray[np.float64]:
    chance_B = ((s.share_BK / s.rated_B[:, None]) ** 2).sum(axis=1)
    return _ratio(_raw(s) - chance_B, 1 - chance_B)


def _ac1(s: _Sums) -> NDArray[np.float64]:
    if s.share_BK.shape[1] < 2:
        return np.full(len(s.weight_B), np.nan)
    p_BK = s.share_BK / s.rated_B[:, None]
    chance_B = (p_BK * (1 - p_BK)).sum(axis=1) / (p_BK.shape[1] - 1)
    return _ratio(_raw(s) - chance_B, 1 - chance_B)


def _specific(s: _Sums, k: int) -> NDArray[np.float64]:
    return _ratio(s.same_BK[:, k], s.count_BK[:, k])


COEFFICIENTS: Final[dict[str, Statistic]] = {
    "raw agreement": _raw,
    "Krippendorff's alpha": _alpha,
    "Fleiss' kappa": _fleiss,
    "Gwet's AC1": _ac1,
}


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Resampling of items that have two or more ratings; `once_K` are the labels of those with one."""

    seed: int
    repetitions: int
    confidence: float
    once_K: NDArray[np.float64]

    def coefficient(self, name: str, statistic: Statistic, counts_IK: NDArray[np.float64]) -> Coefficient:
        """The statistic on the items, with the percentile interval over resampled items."""
        items = len(counts_IK)
        value = float(statistic(_sums(counts_IK, np.ones((1, items)), self.once_K))[0])
        if np.isnan(value):
            return Coefficient(name, None, None, None, items, "not defined: no variation to agree about")
        rng, values, left = np.random.default_rng(self.seed), [], self.repetitions
        while left:
            rows = min(left, max(1, _CHUNK // items))
            weights_BI = rng.multinomial(items, np.full(items, 1 / items), rows).astype(np.float64)
            values.append(statistic(_sums(counts_IK, weights_BI, self.once_K)))
            left -= rows
        return _with_interval(name, value, np.concatenate(values), items, self.confidence)


def _with_interval(
    name: str, value: float, values_B: NDArray[np.float64], items: int, confidence: float
) -> Coefficient:
    defined_B = values_B[~np.isnan(values_B)]
    if not len(defined_B):
        return Coefficient(name, value, None, None, items, "no interval: too few items")
    low, high = np.quantile(defined_B, [(1 - confidence) / 2, (1 + confidence) / 2])
    note = "the items do not differ: the bootstrap shows no spread" if low == high else ""
    return Coefficient(name, value, min(float(low), value), max(float(high), value), items, note)


def cohen_kappa(table_KK: NDArray[np.number]) -> float | None:
    """Cohen's (1960) kappa of two raters from their table of counts, [K, K]; None if not defined.

    >>> round(cohen_kappa(np.array([[20, 5], [10, 15]])), 3)
    0.4
    """
    value = float(_cohen(np.asarray(table_KK, dtype=np.float64)[None])[0])
    return None if np.isnan(value) else value


def _cohen(tables_BKK: NDArray[np.float64]) -> NDArray[np.float64]:
    share_BKK = tables_BKK / tables_BKK.sum(axis=(1, 2), keepdims=True)
    chance_B = (share_BKK.sum(axis=1) * share_BKK.sum(axis=2)).sum(axis=1)
    return _ratio(np.trace(share_BKK, axis1=1, axis2=2) - chance_B, 1 - chance_B)


def _by_rater(rated: Ratings, boot: Bootstrap) -> list[Coefficient]:
    """Share of the other ratings of an item that equal the rater's own, mean over the rater's ratings."""
    counts_IK = rated.counts_IK
    others_N = counts_IK.sum(axis=1)[rated.item_N] - 1
    equal_N = counts_IK[rated.item_N, rated.label_N] - 1
    out = []
    for r, name in enumerate(rated.raters):
        mine_N = (rated.rater_N == r) & (others_N > 0)
        n = int(mine_N.sum())
        if not n:
            out.append(Coefficient(name, None, None, None, 0, "not defined: no row rated by anybody else"))
            continue
        share_M = equal_N[mine_N] / others_N[mine_N]
        picks = np.random.default_rng(boot.seed).multinomial(n, np.full(n, 1 / n), boot.repetitions)
        out.append(_with_interval(name, float(share_M.mean()), picks @ share_M / n, n, boot.confidence))
    return out


def _pairs(rated: Ratings, boot: Bootstrap, most: int) -> list[Coefficient]:
    """Cohen's kappa for pairs of raters, on the items both rated; of repeats the last label counts."""
    codes_RI = np.full((len(rated.raters), len(rated.items)), -1, dtype=np.int64)
    codes_RI[rated.rater_N, rated.item_N] = rated.label_N
    seen_RI = (codes_RI >= 0).astype(np.int64)
    common_RR = seen_RI @ seen_RI.T
    pairs = sorted(combinations(range(len(rated.raters)), 2), key=lambda p: -common_RR[p])
    size, out = len(rated.labels), []
    for a, b in pairs[:most]:
        both_I = (seen_RI[a] & seen_RI[b]).astype(bool)
        items, name = int(both_I.sum()), f"{rated.raters[a]}, {rated.raters[b]}"
        if not items:
            continue
        if size > MOST_CLASSES:
            out.append(_kappa_of_many(name, codes_RI[a, both_I], codes_RI[b, both_I], boot))
            continue
        cells = np.bincount(codes_RI[a, both_I] * size + codes_RI[b, both_I], minlength=size * size)
        value = cohen_kappa(cells.reshape(size, size))
        if value is None:
            out.append(Coefficient(name, None, None, None, items, "not defined: both used one label only"))
            continue
        rng = np.random.default_rng(boot.seed)
        tables_BKK = rng.multinomial(items, cells / items, boot.repetitions).reshape(-1, size, size)
        out.append(_with_interval(name, value, _cohen(tables_BKK.astype(np.float64)), items, boot.confidence))
    return out


def _kappa_of_many(name: str, a_I: NDArray[np.int64], b_I: NDArray[np.int64], boot: Bootstrap) -> Coefficient:
    """Cohen's kappa without a table of all answers by all answers, which free ones would fill the memory with."""
    items = len(a_I)
    _, codes_2I = np.unique(np.stack([a_I, b_I]), return_inverse=True)
    codes_2I = codes_2I.reshape(2, items)

    def kappa(rows: NDArray[np.int64]) -> float:
        one, other = codes_2I[0, rows], codes_2I[1, rows]
        chance = float(np.bincount(one, minlength=2 * items) @ np.bincount(other, minlength=2 * items)) / items**2
        return float("nan") if chance >= 1.0 else (float((one == other).mean()) - chance) / (1.0 - chance)

    value = kappa(np.arange(items))
    if np.isnan(value):
        return Coefficient(name, None, None, None, items, "not defined: both used one label only")
    rng = np.random.default_rng(boot.seed)
    drawn_B = np.array([kappa(rng.integers(0, items, items)) for _ in range(boot.repetitions)])
    return _with_interval(name, value, drawn_B, items, boot.confidence)


def reading_notes(
    overall: Sequence[Coefficient], counts_IK: NDArray[np.float64], labels: Sequence[str]
) -> tuple[str, ...]:
    """How to read the coefficients, where they mislead."""
    raw, alpha, _, ac1 = (c.value for c in overall)
    share_K = counts_IK.sum(axis=0) / counts_IK.sum()
    largest = int(share_K.argmax())
    if alpha is None:
        return (f"every rating is {labels[largest]!r}: agreement beyond chance is not defined",)
    if raw is not None and ac1 is not None and share_K[largest] > 0.8 and raw - alpha > 0.25:
        return (
            f"prevalence paradox: {share_K[largest]:.0%} of the ratings are {labels[largest]!r}, so chance "
            f"agreement is high and alpha ({alpha:.2f}) is low although raters agree on {raw:.0%} of pairs; "
            f"read it beside AC1 ({ac1:.2f}) and the agreement by class",
        )
    return ()
