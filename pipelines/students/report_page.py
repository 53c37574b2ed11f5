"""An evaluation as one file for people outside: HTML that needs no network, script or font, in light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from curator import __version__
from curator.evaluation import EvalReport, Evaluation, Forgetting, SliceScore, forgetting_gate
from curator.records import TrainedRun
from curator.release import Manifest
from curator.statistics import at_most
from pipelines.students.plots import Bar, curves, intervals
from storage.engine.store import Store
from storage.release import runs, versions

_SLICES: Final = 20
_FAILURES: Final = 25
_KINDS: Final = {
    "sft": "trained student (SFT)",
    "dpo": "trained student (DPO)",
    "base": "untrained base model",
    "labeler": "stored labels",
    "endpoint": "model behind a server",
    "baseline": "logistic regression on embeddings",
}
_MEANINGS: Final = {
    "SHIP": "every condition that was looked at is met.",
    "HOLD": "a condition is not met; do not ship this student.",
    "NOT ENOUGH DATA": "the data cannot tell; nothing may be said yet.",
}
_MEASURED: Final = {
    "accuracy": "Share of answers that are right",
    "agreement": "Share of answers that agree with the labels (no accuracy: people have not settled all of them)",
}


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind an evaluation: the training run, if the subject is one, and the version's manifest."""

    run: TrainedRun | None
    manifest: Manifest


def of_run(store: Store, evaluation: Evaluation) -> str:
    """The report of a stored evaluation as HTML: what a page offers for download, and the command line writes.

    Args:
        store: The store.
        evaluation: As `runs.reports` gives it.
    """
    listed = runs.listing(store, evaluation.dataset)
    run = next((each for each in listed if each.run.id == evaluation.run), None)
    version = versions.get(store, evaluation.dataset, evaluation.number)
    return render(evaluation, Behind(run, version.manifest))


def render(evaluation: Evaluation, behind: Behind) -> str:
    """The report as one HTML file; every text of the data is escaped."""
    report, manifest = evaluation.report, behind.manifest
    verdict = report.verdict
    subject = next(iter(report.contestants))
    score = report.contestants[subject]
    asked = [s for s in report.slices if s.score is not None]
    return _template().render(
        evaluation=evaluation,
        report=report,
        verdict=verdict,
        subject=verdict.about or subject,
        subject_name=subject,
        subject_score=score,
        meaning=_MEANINGS[verdict.outcome],
        measure=_MEASURED[report.measure],
        made=str(evaluation.created_at)[:16],
        run=behind.run,
        base=Path(behind.run.run.base_model).name if behind.run else "",
        kinds=_KINDS,
        scores=_scores(report),
        differences=_differences(report),
        slices=_slices(asked[:_SLICES]),
        asked=len(asked),
        against=next((s.against for s in asked if s.against), None),
        forgetting=report.forgetting,
        forgetting_said=forgetting_gate(report.forgetting).detail if report.forgetting else "",
        kept=_kept(report.forgetting) if report.forgetting else Markup(""),
        classes=score.per_field or score.per_class or (),
        classes_title="Fields" if score.per_field else "Labels",
        losses=_losses(behind.run),
        content=manifest.content_sha256[:16],
        splits={split: len(rows) for split, rows in manifest.rows.items()},
        certificate=_certificate(manifest),
        waivers=[f"{w.gate} by {w.who}: {w.why}" for w in manifest.waivers],
        failures=report.failures[:_FAILURES],
        curator_version=__version__,
        pct=_pct,
        points=lambda x: f"{100 * x:+.1f} points",
        maybe=lambda x: "none" if x is None else _pct(x),
        sec=lambda x: "not known" if x is None else f"{x:.3f} s",
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    text = resources.files("pipelines.students").joinpath("report.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(text)


def _pct(value: float) -> str:
    return f"{100 * value:.1f} %"


def _scores(report: EvalReport) -> Markup:
    bars = []
    for name, score in report.contestants.items():
        m = score.metric(report.decided_by)
        bars.append(Bar(name, m.value, m.low, m.high, f"{_pct(m.value)} of {m.n}", name == report.verdict.subject))
    return intervals(bars, title=f"{report.decided_by} of each contestant with its 95 % interval")


def _differences(report: EvalReport) -> Markup:
    if not report.comparisons:
        return Markup("")
    reach = max(0.05, *(max(abs(c.low), abs(c.high)) for c in report.comparisons))
    bars = [
        Bar(f"against {c.b}", c.difference, c.low, c.high, f"{100 * c.difference:+.1f} points")
        for c in report.comparisons
    ]
    return intervals(bars, title="differences with their 95 % intervals", low=-reach, high=reach)


def _slices(found: Sequence[SliceScore]) -> Markup:
    bars = []
    for s in found:
        if s.score is not None:
            said = f"{_pct(s.score.value)} of {s.n}" + (", collapsed" if s.collapsed else ", weak" if s.weak else "")
            bars.append(Bar(s.name, s.score.value, s.score.low, s.score.high, said, s.weak or s.collapsed))
    return intervals(bars, title="scores on parts of the test rows") if bars else Markup("")


def _kept(found: Forgetting) -> Markup:
    bars = [
        Bar(c.category, c.difference, c.low, c.high, f"{c.base:.0%} to {c.student:.0%} of {c.n}", c.worse)
        for c in found.categories
    ]
    return intervals(bars, title="student minus base model by category of prompts", low=-1.0, high=1.0)


def _losses(run: TrainedRun | None) -> Markup:
    if run is None or run.outcome is None or not run.outcome.losses:
        return Markup("")
    line = [(float(step + 1), loss) for step, loss in enumerate(run.outcome.losses)]
    return curves([("training loss", line)], title="the loss by step")


def _certificate(manifest: Manifest) -> str | None:
    found = manifest.certificate
    if found is None:
        return None
    if found.shipped_error is None:
        return f"Certificate: {found.status}, no bound on the error of its labels yet."
    bound = found.shipped_error.as_bound()
    return f"Certificate: {found.status}, at most {at_most(bound.upper_one_sided)} of its labels are wrong."
