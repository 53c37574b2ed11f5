"""What an evaluation allows to say: the conditions beside the scores, the verdict, which student to take."""

from collections.abc import Mapping, Sequence
from typing import Final

from curator.evaluation import (
    ContestantScore,
    Forgetting,
    PairedComparison,
    Recommendation,
    SliceScore,
    StudentCandidate,
    Targets,
    TimedAnswers,
    Verdict,
    VerdictGate,
    best_of_kind,
    cost_gate,
    decide,
    forgetting_gate,
    latency_gate,
    paired_comparison,
    recommend,
    slice_gate,
)
from curator.release import Manifest
from pipelines.students.contestants import Contestant
from pipelines.students.items import TestItems
from pipelines.students.scoring import ReadAnswers

FORGOTTEN: Final = "what the student forgot"
SLICES: Final = "slices of the data"
LATENCY: Final = "latency of one request at a time"
COST: Final = "cost"


def further_gates(
    name: str,
    targets: Targets,
    slices: Sequence[SliceScore],
    reference: Contestant | None,
    kept: Forgetting | None,
    timings: Sequence[TimedAnswers],
    subject: ContestantScore,
) -> tuple[list[VerdictGate], list[str]]:
    """Conditions beside the scores, and what nobody measured."""
    gates: list[VerdictGate] = []
    silent: list[str] = []
    if reference is None:
        silent.append(SLICES + " against the teacher")
    else:
        gates.append(slice_gate(slices, reference.name))
    if kept is None:
        silent.append(FORGOTTEN)
    elif not kept.tellable:
        silent.append(f"{FORGOTTEN} (the base passes {kept.base.value:.1%} of {kept.n} prompts: nothing to lose)")
    else:
        gates.append(forgetting_gate(kept))
    own = next((t for t in timings if t.contestant == name and t.concurrency == 1), None)
    if targets.p95_s is not None:
        gates.append(latency_gate(own, targets.p95_s))
    elif own is None:
        silent.append(LATENCY)
    if targets.usd_per_1000 is not None:
        gates.append(cost_gate(subject.usd_each, targets.usd_per_1000))
    elif subject.usd_each is None:
        silent.append(COST)
    return gates, silent


def verdict_on(
    contestants: Sequence[Contestant],
    paired: Mapping[str, PairedComparison],
    items: TestItems,
    manifest: Manifest,
    further: Sequence[VerdictGate],
    silent: Sequence[str],
) -> Verdict:
    """The verdict on the first contestant; of several base models, or teachers, it is held against the best."""
    subject, others = contestants[0], contestants[1:]
    teachers = [paired[c.name] for c in others if c.is_teacher]
    bases = [paired[c.name] for c in others if c.is_base]
    certificate = manifest.certificate
    return decide(
        truth=items.truth,
        scored=items.rows.height,
        versus_teacher=max(teachers, key=lambda found: found.b, default=None),
        versus_base=max(bases, key=lambda found: found.b, default=None),
        versus_previous=paired.get("previous"),
        certificate_status=certificate.status if certificate else None,
        shipped_error=certificate.shipped_error.as_bound() if certificate and certificate.shipped_error else None,
        max_error=certificate.target if certificate else None,
        subject=subject.name,
        run=subject.run.id if subject.run else None,
        further=further,
        not_measured=(*_bare(others), *silent),
    )


def _bare(others: Sequence[Contestant]) -> tuple[str, ...]:
    bases = [c for c in others if c.is_base]
    return ("the base model with the rubric in its prompt",) if bases and not any(c.prompted for c in bases) else ()


def recommendation_of(
    contestants: Sequence[Contestant],
    scores: Mapping[str, ContestantScore],
    answers: Mapping[str, ReadAnswers],
    items: TestItems,
    seed: int,
) -> Recommendation | None:
    """Which student to put before the verdict; the one in use and one on raw labels are no candidates."""
    candidates = [
        StudentCandidate(
            c.name,
            c.run.kind,
            scores[c.name].metric(answers[c.name].measured.decides),
            c.run.id,
            c.run.parent_run,
        )
        for c in contestants
        if c.run is not None and c.name not in ("previous", "raw")
    ]
    if not candidates:
        return None
    best = best_of_kind(candidates)
    if len(best) < 2:
        return recommend(candidates)
    dpo, sft = (answers[best[kind].name].scores_N for kind in ("dpo", "sft"))
    return recommend(candidates, paired_comparison(dpo, sft, items.groups_N, seed=seed))


def notes_of(contestants: Sequence[Contestant], paired: Mapping[str, PairedComparison]) -> tuple[str, ...]:
    """Whether a cheap baseline does as well as the student that is judged: then no large model is needed."""
    subject = contestants[0]
    made = []
    for each in contestants[1:]:
        if not each.baseline or subject.run is None:
            continue
        c = paired[each.name]
        said = f"{each.name}, a logistic regression on embeddings, scores {c.b:.1%} and {subject.name} {c.a:.1%}"
        if c.difference < 0 and c.p < c.alpha:
            made.append(f"The cheap baseline wins: {said} (p = {c.p:.3g}). No student is needed for this task.")
        elif not (c.difference > 0 and c.p < c.alpha):
            made.append(f"The student is not shown to be better than the cheap baseline: {said} (p = {c.p:.3g}).")
    return tuple(made)
