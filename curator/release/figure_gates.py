"""Gates about figures of a version: agreement, balance, sizes, the rules that rows were labelled under, a signature."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from curator.composition import MAX_SHARE, MIN_LABEL_ROWS, balance
from curator.errors import RequestError
from curator.evaluation import MINIMUM_ROWS
from curator.records import Split, check_person
from curator.release.manifest import ReleaseGate
from curator.review import AgreementFigures

TENTATIVE = 0.667
"""Least alpha from which data support tentative conclusions (Krippendorff 2004, Content Analysis, ch. 11)."""
_SHARED = 20
"""Rows that two people answered, below which agreement says little."""
_FEW_TRAIN = 50
"""Rows from which OpenAI's fine-tuning guide sees clear gains."""
_UNTAUGHT = 0.05
"""Share of the held-out rows whose labels train may lack: a label of a single row can only stand in one split."""
_PATTERN = 100
"""Rows from which a lack is no accident of a small file."""
_SHOWN = 5


def agreement_gate(figures: AgreementFigures | None) -> ReleaseGate:
    """Whether people agree on what is right. It fails where alpha and raw agreement are both low beyond chance."""
    if figures is None:
        return ReleaseGate("agreement", None, "no row was answered by two people: how far they agree is not known")
    by_name = {each.name: each for each in figures.overall}
    alpha, raw = by_name["Krippendorff's alpha"], by_name["raw agreement"]
    if alpha.value is None or raw.value is None:
        return ReleaseGate("agreement", None, f"alpha is not defined on {figures.shared:,} rows: {alpha.note}")
    interval = "" if alpha.low is None or alpha.high is None else f" [{alpha.low:.2f}, {alpha.high:.2f}]"
    said = (
        f"{figures.raters} people agree on {raw.value:.0%} of {figures.shared:,} rows that two or more answered; "
        f"Krippendorff's alpha {alpha.value:.2f}{interval}"
    )
    if figures.shared < _SHARED or alpha.low is None or alpha.high is None:
        return ReleaseGate("agreement", None, f"{said}: too few rows to say")
    if alpha.high < TENTATIVE and raw.value < 1 - (1 - TENTATIVE) / 2:  # a rare label alone makes alpha low
        way = "the rubric leaves open what is right: settle it, adjudicate, or waive this gate"
        return ReleaseGate("agreement", False, f"{said}, below {TENTATIVE}; {way}")
    return ReleaseGate("agreement", True if alpha.low >= TENTATIVE else None, said)


def balance_gate(values: Mapping[Split, Sequence[str]], labels: Sequence[str]) -> ReleaseGate:
    """Whether train teaches every label that it is measured on.

    In a hundred rows or more it fails where over a twentieth of the held-out rows have a label without a row in train,
    and where train has one label alone.

    Args:
        values: The labels of the rows by split.
        labels: All labels of the task.
    """
    spread = balance(values["train"])
    held = [label for split, each in values.items() if split != "train" for label in each]
    untaught = [label for label in held if label not in spread.counts]
    lacking = f"{len(untaught):,} held-out rows have labels that train lacks: {_listed(sorted(set(untaught)))}"
    if len(untaught) > _UNTAUGHT * len(held) and len(held) + len(values["train"]) >= _PATTERN:
        way = "nothing trains them: bring such rows in for train, exclude the held-out ones, or waive this gate"
        return ReleaseGate("balance", False, f"{lacking}; {way}")
    if len(spread.counts) == 1 and len(labels) > 1 and len(values["train"]) >= _PATTERN:
        way = "a student learns to say it always: bring in others, or waive this gate"
        return ReleaseGate("balance", False, f"all {len(values['train']):,} rows of train have one label; {way}")
    told = [lacking] if untaught else []
    if unseen := [label for label in labels if label not in spread.counts]:
        told.append(f"no row of train has {_listed(unseen)}")
    if few := [label for label, n in spread.counts.items() if n < MIN_LABEL_ROWS]:
        told.append(f"fewer than {MIN_LABEL_ROWS} rows have {_listed(few)}")
    if spread.largest_share > max(MAX_SHARE, 2 / len(labels)):
        told.append(f"{spread.largest_share:.0%} of train has {next(iter(spread.counts))!r}")
    if told:
        return ReleaseGate("balance", None, f"{'; '.join(told)}; see `curator balance`")
    return ReleaseGate("balance", True, f"{len(spread.counts)} labels, effectively {spread.effective:.1f}")


def size_gate(rows: Mapping[Split, int]) -> ReleaseGate:
    """Whether there are rows enough to train and to judge; said, and not demanded."""
    told = []
    if rows["train"] < _FEW_TRAIN:
        told.append(f"{rows['train']:,} rows train, fewer than {_FEW_TRAIN}: a student learns little from them")
    if rows["test"] < MINIMUM_ROWS:
        told.append(f"{rows['test']:,} rows test, and a verdict needs {MINIMUM_ROWS}")
    counted = ", ".join(f"{split} {n:,}" for split, n in rows.items())
    return ReleaseGate("sizes", None if told else True, "; ".join(told) or counted)


@dataclass(frozen=True, slots=True)
class LabelledUnder:
    """Which definition of the task the rows of a version were labelled under, where the label is a labeler's own.

    Attributes:
        current: Hash of the definition in force.
        current_rows: Rows labelled under it, or under one that says right and wrong alike.
        older: Hash of another -> the external ids of its rows.
        people: Rows whose label people set or settled.
    """

    current: str
    current_rows: int
    older: Mapping[str, tuple[str, ...]]
    people: int


def rubric_gate(under: LabelledUnder, number: Mapping[str, int]) -> ReleaseGate:
    """Whether the labels were given under the rules that are released with them.

    Args:
        under: What the rows were labelled under.
        number: The number of each definition that the dataset has had, by hash.
    """
    if not under.older:
        said = f"{under.current_rows:,} labels were given under the rules in force, {under.people:,} stand by people"
        return ReleaseGate("rubric", True, said)
    told = [
        f"{len(ids):,} rows under {f'version {number[task]}' if task in number else f'definition {task[:12]}'} "
        f"({_listed(ids, 3)})"
        for task, ids in under.older.items()
    ]
    way = "label them again (`curator label`), review them, or waive this gate"
    said = f"labelled under rules that differ from today's: {'; '.join(told)} of the task; {way}"
    return ReleaseGate("rubric", False, said)


@dataclass(frozen=True, slots=True)
class SignOff:
    """Who answers for a version by name, and what they say."""

    who: str
    note: str

    def __post_init__(self) -> None:
        check_person(self.who)


def signed_gate(signed: SignOff | None) -> ReleaseGate:
    """Whether a named person has signed; demanded where the project says so."""
    if signed is None:
        return ReleaseGate("sign_off", None, "nobody has signed: --sign-off NAME")
    return ReleaseGate("sign_off", True, f"signed by {signed.who}" + (f": {signed.note}" if signed.note else ""))


def demanded(gates: Sequence[ReleaseGate], names: Sequence[str]) -> list[ReleaseGate]:
    """The gates, those that are open and demanded by the project as failed.

    Raises:
        RequestError: The project demands a gate that there is not.
    """
    known = Counter(gate.name for gate in gates)
    if unknown := [name for name in names if name not in known]:
        msg = f"[release] demand in curator.toml names {unknown[0]!r}, which is no gate; there are {', '.join(known)}"
        raise RequestError(msg)
    return [
        replace(gate, passed=False, why=f"{gate.why}; curator.toml demands it")
        if gate.passed is None and gate.name in names
        else gate
        for gate in gates
    ]


def _listed(names: Sequence[str], most: int = _SHOWN) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more
