"""Did the student forget what the base model could do? The same general prompts to both, scored by rules.

The test is paired by prompt: the student may lose at most `_MARGIN` of the prompts, overall, and no category may be
surely worse. Limits that others publish (at least 85 % passed, at most 10 % lost) are told beside it: they look at no
chance, and no base model's own score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curator.errors import NotEnoughDataError
from curator.evaluation.metrics import Metric, accuracy
from curator.evaluation.significance import PairedComparison, holm, paired_comparison
from curator.evaluation.verdict import VerdictGate

_MARGIN: Final = 0.10
"""Share of the prompts that a student may lose and still count as having kept what the base model knew."""
_LEAST_BASE: Final = 0.20
"""A base model that passes less than this has nothing that could be seen to be forgotten."""
_PUBLISHED_PASS: Final = 0.85
_PUBLISHED_DROP: Final = 0.10
_ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True)
class Lost:
    """A prompt that the base model passed and the student failed: its id, category, and what the student said."""

    item: str
    category: str
    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class CategoryKept:
    """One category.

    Attributes:
        category: Its name.
        n: Prompts.
        base: The base model's share of passed prompts.
        student: The student's.
        lost: Passed by the base model and failed by the student.
        gained: The other way round.
        difference: student - base.
        low: Lower end of the 95 % interval of the difference.
        high: Upper end.
        p_holm: Two-sided p-value, adjusted over the categories.
    """

    category: str
    n: int
    base: float
    student: float
    lost: int
    gained: int
    difference: float
    low: float
    high: float
    p_holm: float

    @property
    def worse(self) -> bool:
        """Surely worse than the base model."""
        return self.difference < 0 and self.p_holm < _ALPHA


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What a student kept of what its base model could do.

    Attributes:
        suite: The content hash of the prompts.
        n: Prompts.
        base: The base model's pass rate.
        student: The student's.
        overall: Student against base, paired by prompt.
        categories: One for each, the worst first.
        lost: Prompts that the student lost, at most 50.
        base_model: Whom the student was trained from.
    """

    suite: str
    n: int
    base: Metric
    student: Metric
    overall: PairedComparison
    categories: tuple[CategoryKept, ...]
    lost: tuple[Lost, ...]
    base_model: str = ""

    @property
    def tellable(self) -> bool:
        """Whether the base model passes enough for a loss to show."""
        return self.base.value >= _LEAST_BASE

    @property
    def published(self) -> str:
        """The published limits held against these figures, a sentence."""
        drop = (self.base.value - self.student.value) / self.base.value if self.base.value else 0.0
        passed = "met" if self.student.value >= _PUBLISHED_PASS else "not met"
        dropped = "met" if drop <= _PUBLISHED_DROP else "not met"
        return (
            f"Published limits: at least {_PUBLISHED_PASS:.0%} passed ({self.student.value:.1%}: {passed}), at most "
            f"{_PUBLISHED_DROP:.0%} lost of what the base passes ({max(drop, 0.0):.1%}: {dropped})."
        )


def compare_kept(
    base_N: NDArray[np.bool_],
    student_N: NDArray[np.bool_],
    categories: Sequence[str],
    *,
    suite: str,
    lost: Sequence[Lost],
    base_model: str = "",
    seed: int = 0,
) -> Forgetting:
    """Compare which prompts both pass.

    Raises:
        NotEnoughDataError: Fewer than two prompts in a category.
    """
    each_N = np.arange(len(base_N))
    overall = paired_comparison(student_N, base_N, each_N, seed=seed)
    found: dict[str, PairedComparison] = {}
    kinds = np.array(list(categories), dtype=object)
    for name in dict.fromkeys(categories):
        inside_N = kinds == name
        if inside_N.sum() < 2:
            msg = f"category {name!r} of the prompts has one prompt; give it two or more"
            raise NotEnoughDataError(msg)
        found[name] = paired_comparison(student_N[inside_N], base_N[inside_N], each_N[inside_N], seed=seed)
    adjusted = holm([c.p for c in found.values()])
    made = [
        _category(name, c, p, base_N[kinds == name], student_N[kinds == name])
        for (name, c), p in zip(found.items(), adjusted, strict=True)
    ]
    return Forgetting(
        suite,
        len(base_N),
        accuracy(base_N, each_N, name="passed"),
        accuracy(student_N, each_N, name="passed"),
        overall,
        tuple(sorted(made, key=lambda c: c.difference)),
        tuple(lost[:50]),
        base_model,
    )


def _category(
    name: str, c: PairedComparison, p: float, base_N: NDArray[np.bool_], student_N: NDArray[np.bool_]
) -> CategoryKept:
    lost, gained = int((base_N & ~student_N).sum()), int((student_N & ~base_N).sum())
    return CategoryKept(name, c.n, c.b, c.a, lost, gained, c.difference, c.low, c.high, p)


def forgetting_gate(found: Forgetting) -> VerdictGate:
    """Whether the student kept what its base model could do; None where these prompts cannot tell."""
    name, c = "kept what the base model knew", found.overall
    said = (
        f"On {found.n} general prompts the student passes {found.student.value:.1%}, its base {found.base.value:.1%}: "
        f"difference {100 * c.difference:+.1f} points [{100 * c.low:+.1f}, {100 * c.high:+.1f}]"
    )
    worse = [k for k in found.categories if k.worse]
    if not found.tellable:
        detail = f"{said}. The base passes under {_LEAST_BASE:.0%}, so nothing can be seen to be forgotten."
        return VerdictGate(name, None, c.low, -_MARGIN, detail)
    if worse:
        first = worse[0]
        detail = (
            f"{said}. Surely worse in {', '.join(k.category for k in worse)} "
            f"({first.category}: {first.base:.0%} before, {first.student:.0%} now, p = {first.p_holm:.3g} by Holm)."
        )
        return VerdictGate(name, False, c.low, -_MARGIN, detail)
    if c.low > -_MARGIN:
        detail = f"{said}: it lost less than {_MARGIN:.0%}, and no category is surely worse."
        return VerdictGate(name, True, c.low, -_MARGIN, detail)
    if c.difference <= -_MARGIN and c.high < 0:
        return VerdictGate(name, False, c.low, -_MARGIN, f"{said}: it forgot.")
    detail = f"{said}: cannot tell whether it lost {_MARGIN:.0%}; give more prompts (--prompts FILE)."
    return VerdictGate(name, None, c.low, -_MARGIN, detail)
