"""From facts to the stages of the loop and the one next step.

The next step is the first thing on the way that is not done. A row that was rejected or skipped holds up a certificate
only while it is not there; a review of labels that have changed since the draw is not asked for, since it would count
for nothing.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

from curator.loop.facts import LoopFacts
from curator.records import Permission
from curator.statistics import at_most, percent

StageName = Literal["Data", "Check", "Review", "Certify", "Release", "Train", "Compare"]
StageState = Literal["done", "next", "open", "blocked"]
StepCode = Literal[
    "ingest",
    "label",
    "check",
    "decide_patterns",
    "draw",
    "redraw",
    "draw_more",
    "review",
    "second_looks",
    "adjudicate",
    "find_mistakes",
    "draw_test",
    "review_test",
    "adjudicate_test",
    "release",
    "wait_for_training",
    "train",
    "evaluate",
    "ship",
    "improve",
    "more_test_rows",
]
STAGES: Final[tuple[StageName, ...]] = get_args(StageName)


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next.

    Attributes:
        code: Which step.
        stage: Where it belongs.
        why: Why it is next, a sentence.
        label: What to do, as on a button.
        command: The command that does it, or that leads to it.
        needs: Who may do it.
    """

    code: StepCode
    stage: StageName
    why: str
    label: str
    command: str
    needs: Permission


@dataclass(frozen=True, slots=True)
class LoopStage:
    """One stage: whether it is done, next, open (it may be worked on) or blocked, and why."""

    name: StageName
    state: StageState
    why: str


@dataclass(frozen=True, slots=True)
class Loop:
    """All stages in order, and the next step."""

    stages: tuple[LoopStage, ...]
    next: NextStep

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `--json`."""
        return asdict(self)


def loop(facts: LoopFacts) -> Loop:
    """How far a dataset is, and what is next.

    >>> found = loop(LoopFacts(rows=200, labelled=200))
    >>> found.next.code, [stage.state for stage in found.stages][:3]
    ('check', ['done', 'next', 'open'])
    """
    step = next(step for rule in _RULES if (step := rule(facts)) is not None)
    return Loop(tuple(_stage(name, facts, step) for name in STAGES), step)


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def _wait(number: int) -> str:
    return "waits" if number == 1 else "wait"


def _is(number: int) -> str:
    return "was" if number == 1 else "were"


# ---- the steps, in the order of the loop ----------------------------------------------------------------------
def _data(f: LoopFacts) -> NextStep | None:
    if not f.rows:
        why = "There are no rows yet."
        return NextStep("ingest", "Data", why, "Bring in data", "curator ingest FILE", "ingest")
    if not f.labelled:
        none = "The row has no label" if f.rows == 1 else f"The {_rows(f.rows)} have no labels"
        why = f"{none} yet: bring them in, let a teacher label them, or label by hand."
        return NextStep("label", "Data", why, "Get labels", "curator label", "ingest")
    return None


def _check(f: LoopFacts) -> NextStep | None:
    if not f.checked:
        why = "The labels have not been checked yet."
        return NextStep("check", "Check", why, "Check the labels", "curator check", "check")
    if f.patterns:
        groups = "A group of rows is" if f.patterns == 1 else f"{f.patterns:,} groups of rows are"
        why = f"{groups} wrong in the same way: fix the rule, then the rows."
        label, command = "Decide about the group", "curator findings --kind label_pattern"
        return NextStep("decide_patterns", "Check", why, label, command, "decide")
    return None


def _review(f: LoopFacts) -> NextStep | None:
    if not f.drawn:
        why = "Nobody has measured the label error yet."
        return NextStep("draw", "Review", why, "Draw a spot-check", "curator plan", "plan")
    if f.void:
        why = "Labels or rows have changed since the spot-check was drawn, so it proves nothing about them."
        return NextStep("redraw", "Review", why, "Draw a fresh one", "curator plan", "plan")
    if f.unreviewed:
        why = f"{_rows(f.unreviewed)} of the spot-check {_wait(f.unreviewed)} for an answer."
        return NextStep("review", "Review", why, "Review", "curator app", "review")
    if f.disputed:
        why = f"People differ about {_rows(f.disputed)} of the spot-check."
        return NextStep("adjudicate", "Review", why, "Settle them", "curator review disputed", "review")
    if f.second_looks:
        why = f"{_rows(f.second_looks)} of the spot-check {_wait(f.second_looks)} for a second look."
        return NextStep("second_looks", "Review", why, "Look again", "curator app", "review")
    if f.unanswered and f.status != "CERTIFIED":
        count = f.unanswered
        why = f"{_rows(count)} of the spot-check {_is(count)} rejected or skipped, and nobody has said what is right."
        return NextStep("adjudicate", "Review", why, "Settle them", "curator review disputed", "review")
    if f.status == "INCOMPLETE":
        return NextStep("review", "Review", "The spot-check is not done yet.", "Review", "curator app", "review")
    return None


def _certify(f: LoopFacts) -> NextStep | None:
    if f.status != "UNCERTIFIED" or f.target is None:
        return None
    if f.upper is None or f.estimate is None:
        why = "The spot-check gives no figure for the labels that would ship."
        return NextStep("redraw", "Certify", why, "Draw a fresh one", "curator plan", "plan")
    told = f"At most {at_most(f.upper)} of the labels are wrong, and the target is {percent(f.target, 2)}"
    if f.estimate < f.target:
        why = f"{told}. The estimate is below it: a larger spot-check can show it."
        return NextStep("draw_more", "Certify", why, "Draw a larger one", "curator plan --reviews N", "plan")
    why = f"{told}: correct the labels that look wrong, then draw a fresh spot-check."
    return NextStep("find_mistakes", "Certify", why, "Find mistakes", "curator findings --kind suspect_label", "decide")


def _test(f: LoopFacts) -> NextStep | None:
    if not f.test_rows:
        return None
    if not f.test_drawn:
        why = f"The {_rows(f.test_rows)} of the test split have not been reviewed, so no student can be judged."
        label, command = "Review the test split", "curator plan --purpose test"
        return NextStep("draw_test", "Review", why, label, command, "plan")
    if f.test_unreviewed:
        why = f"{_rows(f.test_unreviewed)} of the test split {_wait(f.test_unreviewed)} for an answer."
        return NextStep("review_test", "Review", why, "Review", "curator app", "review")
    if f.test_disputed:
        why = f"{_rows(f.test_disputed)} of the test split {_wait(f.test_disputed)} for somebody to settle them."
        label, command = "Settle them", "curator review disputed"
        return NextStep("adjudicate_test", "Review", why, label, command, "review")
    return None


def _release(f: LoopFacts) -> NextStep | None:
    if f.versions:
        return None
    why = "The labels are certified, and nothing is released yet." if f.target else "Nothing is released yet."
    return NextStep("release", "Release", why, "Release a version", "curator release", "export")


def _train(f: LoopFacts) -> NextStep | None:
    if f.finished:
        return None
    if f.running:
        why = "A student is in training."
        return NextStep("wait_for_training", "Train", why, "See how it goes", "curator runs", "train")
    why = "The last training failed." if f.failed else "No student has been trained yet."
    return NextStep("train", "Train", why, "Train a student", "curator train sft --version NAME@N", "train")


def _compare(f: LoopFacts) -> NextStep:
    if f.outcome is None:
        why = "The student has not been compared with the others yet."
        return NextStep("evaluate", "Compare", why, "Compare them", "curator evaluate --version NAME@N", "train")
    if f.outcome == "SHIP":
        why = f"The student may ship; it gets {_rows(f.failures)} of the test split wrong."
        return NextStep("ship", "Compare", why, "Read the comparison", "curator verdict --run RUN", "train")
    if f.outcome == "HOLD":
        why = f"The student should not ship; it gets {_rows(f.failures)} of the test split wrong."
        return NextStep("improve", "Compare", why, "See what it gets wrong", "curator verdict --run RUN", "train")
    why = "The comparison had too little data for a verdict."
    return NextStep("more_test_rows", "Compare", why, "Read why", "curator verdict --run RUN", "train")


_RULES: Final[tuple[Callable[[LoopFacts], NextStep | None], ...]] = (
    _data,
    _check,
    _review,
    _certify,
    _test,
    _release,
    _train,
    _compare,
)


# ---- the stages -------------------------------------------------------------------------------------------------
def _stage(name: StageName, f: LoopFacts, step: NextStep) -> LoopStage:
    done, said = _DONE[name](f)
    if name == step.stage and step.code != "ship":
        return LoopStage(name, "next", step.why)
    if done:
        return LoopStage(name, "done", said)
    held = _held_up(name, f)
    return LoopStage(name, "blocked" if held else "open", held or said)


def _held_up(name: StageName, f: LoopFacts) -> str:
    """Why a stage that is not done cannot be worked on; empty where it can."""
    if name == "Data":
        return ""
    if not f.rows:
        return "There are no rows yet."
    if name == "Check":
        return ""
    if not f.labelled:
        return "There are no labels yet."
    if name == "Review":
        return ""
    if name == "Certify":
        return "" if f.drawn and not f.unreviewed else "The spot-check has to be reviewed first."
    if name == "Release":
        if f.target is None or f.status == "CERTIFIED":
            return ""
        return "The labels are not certified; a release needs that, or a waiver with a reason."
    if not f.versions:
        return "Nothing is released yet."
    return "No student has been trained yet." if name == "Compare" and not f.finished else ""


def _reviewed(f: LoopFacts) -> bool:
    settled = not (f.unreviewed or f.second_looks or f.disputed or f.void)
    spot_check = f.drawn and settled and (not f.unanswered or f.status == "CERTIFIED")
    test = not f.test_rows or (f.test_drawn and not f.test_unreviewed and not f.test_disputed)
    return spot_check and test


def _certified(f: LoopFacts) -> tuple[bool, str]:
    done = f.status == "CERTIFIED"
    if done and f.upper is not None:
        return True, f"At most {at_most(f.upper)} of the labels are wrong."
    return done, "Certified." if done else "Not certified yet."


def _released(f: LoopFacts) -> tuple[bool, str]:
    versions = "1 version" if f.versions == 1 else f"{f.versions:,} versions"
    stale = " Labels have changed since the newest." if f.stale else ""
    return f.versions > 0, f"{versions}.{stale}" if f.versions else "Nothing is released yet."


_DONE: Final[dict[StageName, Callable[[LoopFacts], tuple[bool, str]]]] = {
    "Data": lambda f: (bool(f.rows and f.labelled), f"{_rows(f.rows)}, {f.labelled:,} with a label."),
    "Check": lambda f: (f.checked and not f.patterns, "The labels are checked." if f.checked else "Not checked yet."),
    "Review": lambda f: (_reviewed(f), "Reviewed and settled." if _reviewed(f) else "Not reviewed yet."),
    "Certify": _certified,
    "Release": _released,
    "Train": lambda f: (f.finished > 0, f"{f.finished:,} finished." if f.finished else "No student yet."),
    "Compare": lambda f: (f.outcome is not None, f"Verdict: {f.outcome}." if f.outcome else "Not compared yet."),
}
