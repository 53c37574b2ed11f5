"""The state of a dataset in a few words: how good its labels are, who says so, and what to do next."""

from dataclasses import dataclass

from curator.certificates import Certificate
from curator.errors import CuratorError
from curator.records import Finding
from curator.review import TakenDecision, in_force
from pipelines.certify import judge as certificates
from storage.checks import findings
from storage.dataset import labels
from storage.engine.store import Store
from storage.release import runs, versions
from storage.review import plans, reviews
from storage.views import current as views
from storage.views import progress

START, FINDINGS = "pages/data/start.py", "pages/data/findings.py"
REVIEW, SPOT_CHECK = "pages/review/queue.py", "pages/review/spot_check.py"
VERSIONS, RUNS, EVALUATION = "pages/training/versions.py", "pages/training/runs.py", "pages/training/evaluation.py"


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next and why, with the page where it is done and the label of the link there."""

    text: str
    page: str
    label: str


def reviewers(store: Store, dataset: str) -> str:
    """Name who reviewed the dataset's rows one by one."""
    names = reviews.frame(store, dataset)["reviewer"].unique().sort()
    return ", ".join(names) or "nobody yet"


def newest_certificate(store: Store, dataset: str) -> Certificate | None:
    """Judge the newest spot-check that measures the label error; None before the first, or without its rows."""
    drawn = plans.of_dataset(store, dataset, "certify")
    if not drawn:
        return None
    try:
        return certificates.judge_newest(store, dataset, plan=drawn[0].id)
    except CuratorError:
        return None


def standing_decision(store: Store, dataset: str, finding: Finding) -> TakenDecision | None:
    """The decision about a finding's rows that has not been taken back, or None."""
    standing = in_force(d for d in reviews.taken(store, dataset) if d.finding_id == finding.id)
    return standing[-1] if standing else None


def next_step(store: Store, dataset: str) -> NextStep:
    """Find the first thing on the way to a shipped student that is not done."""
    steps = (_labels_step, _check_step, _spot_check_step, _test_step, _training_step)
    return next((step for find in steps if (step := find(store, dataset))), _last_step(store, dataset))


def _labels_step(store: Store, dataset: str) -> NextStep | None:
    if labels.labelers(store, dataset):
        return None
    return NextStep("The rows have no labels yet.", START, "Bring in labels")


def _check_step(store: Store, dataset: str) -> NextStep | None:
    run = findings.newest_run(store, dataset)
    if run is None or run.labeler == labels.NOBODY:
        return NextStep("The labels have not been checked yet.", FINDINGS, "Check the labels")
    proposed = [f for f in findings.frame(store, run.run, "label_pattern") if f.suggestion.get("value")]
    if any(standing_decision(store, dataset, finding) is None for finding in proposed):
        return NextStep("A group of rows is wrong in the same way.", FINDINGS, "Fix the rule, then the rows")
    return None


def _spot_check_step(store: Store, dataset: str) -> NextStep | None:
    drawn = plans.of_dataset(store, dataset, "certify")
    if not drawn:
        return NextStep("Nobody has measured the label error yet.", SPOT_CHECK, "Draw a spot-check")
    if left := progress.of_plan(store, drawn[0].id).left:
        return NextStep(f"{left:,} rows of the spot-check wait for a review.", REVIEW, "Review them")
    certificate = newest_certificate(store, dataset)
    if certificate is None or certificate.status == "INCOMPLETE":
        return NextStep("Some reviews need a second look.", REVIEW, "Settle them")
    if certificate.status == "UNCERTIFIED" and certificate.shipped_error is None:
        return NextStep("Labels have changed since the spot-check was drawn.", SPOT_CHECK, "Draw a fresh one")
    if certificate.status == "UNCERTIFIED":
        return NextStep("The label error is above the target.", SPOT_CHECK, "Find mistakes with a spot-check")
    return None


def _test_step(store: Store, dataset: str) -> NextStep | None:
    if not views.overview(store, dataset).splits.get("test"):
        return None
    drawn = plans.of_dataset(store, dataset, "test")
    if not drawn:
        return NextStep("The test split has not been reviewed, so no student can be judged.", SPOT_CHECK, "Review it")
    left = progress.of_plan(store, drawn[0].id).left
    return NextStep(f"{left:,} test rows wait for a review.", REVIEW, "Review them") if left else None


def _training_step(store: Store, dataset: str) -> NextStep | None:
    released = versions.listing(store, dataset)
    if not released:
        return NextStep("The labels are certified, and nothing is released yet.", VERSIONS, "Release a version")
    if not any(each.run.status == "finished" for each in runs.listing(store, dataset)):
        return NextStep("No student has been trained yet.", RUNS, "Train a student")
    if not runs.reports(store, dataset=dataset):
        return NextStep("The student has not been evaluated yet.", EVALUATION, "Evaluate it")
    return None


def _last_step(store: Store, dataset: str) -> NextStep:
    reports = runs.reports(store, dataset=dataset)
    if not reports:
        return NextStep("Everything so far is done.", EVALUATION, "Go to the evaluations")
    outcome, wrong = reports[0].report.verdict.outcome, len(reports[0].report.failures)
    return NextStep(
        f"The newest verdict is {outcome}; the student still gets {wrong:,} test rows wrong.", EVALUATION, "Read it"
    )
