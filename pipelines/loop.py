"""How far a dataset is on its way to a student: read from the store, decided by the core."""

from collections import Counter
from functools import lru_cache

from curator.certificates import Certificate
from curator.errors import CuratorError
from curator.evaluation import EvalReport
from curator.loop import Loop, LoopFacts, loop
from curator.review import in_force
from pipelines.certify import facts as certificate_facts
from pipelines.certify import judge as certificates
from storage.checks import findings
from storage.dataset import datasets, labels
from storage.engine.store import File, Store
from storage.release import runs, versions
from storage.review import plans, reviews
from storage.views import agreement as opinions
from storage.views import current as views
from storage.views import progress, standing

_UNREVIEWED = "unreviewed"


def of_dataset(store: Store, dataset: str) -> Loop:
    """The stages of a dataset and its next step; the newest answers are kept, since each page asks.

    Raises:
        NotFoundError: There is no such dataset.
    """
    datasets.require(store, dataset)
    return _of_dataset(store.file, dataset, store.seq())


@lru_cache(maxsize=16)
def _of_dataset(file: File, dataset: str, _seq: int) -> Loop:
    return loop(facts(Store(file[0]), dataset))


def facts(store: Store, dataset: str) -> LoopFacts:
    """What the store knows of a dataset's way."""
    count = standing.of_dataset(store, dataset)
    checked, patterns = _checked(store, dataset, count.labelled)
    certificate, void, due = _spot_check(store, dataset)
    bound = certificate.shipped_error if certificate else None
    test = _test(store, dataset) if count.test_rows else (False, 0, 0)
    trained = runs.listing(store, dataset)
    states = Counter(each.run.status for each in trained)
    reports = runs.reports(store, dataset=dataset)
    return LoopFacts(
        rows=count.rows,
        labelled=count.labelled,
        checked=checked,
        patterns=patterns,
        drawn=certificate is not None,
        unreviewed=due[_UNREVIEWED],
        second_looks=due["unsettled"],
        disputed=due["disputed"],
        unanswered=due["rejected"] + due["skipped"],
        void=void,
        status=certificate.status if certificate else None,
        estimate=bound.estimate if bound else None,
        upper=bound.upper_one_sided if bound else None,
        target=certificate.target if certificate else datasets.task_of(store, dataset).max_error,
        test_rows=count.test_rows,
        test_drawn=test[0],
        test_unreviewed=test[1],
        test_disputed=test[2],
        versions=count.newest_version,
        stale=_stale(store, dataset, count.newest_version),
        running=states["running"],
        finished=states["finished"],
        failed=bool(trained) and trained[0].run.status == "failed",
        outcome=reports[0].report.verdict.outcome if reports else None,
        failures=_failures(reports[0].report) if reports else 0,
    )


def _failures(report: EvalReport) -> int:
    """Test rows that the subject got wrong; a report of an early Curator lists them all."""
    return len(report.failures) if report.wrong is None else report.wrong


def _checked(store: Store, dataset: str, labelled: int) -> tuple[bool, int]:
    """Whether the labels that are there were checked, and the consistent mistakes that nobody has decided about."""
    run = findings.newest_run(store, dataset)
    if run is None or (labelled and run.labeler == labels.NOBODY):
        return False, 0
    decided = reviews.taken(store, dataset)
    proposed = [f.id for f in findings.frame(store, run.run, "label_pattern") if f.suggestion.get("value")]
    return True, sum(not in_force(d for d in decided if d.finding_id == ident) for ident in proposed)


def _spot_check(store: Store, dataset: str) -> tuple[Certificate | None, bool, Counter[str]]:
    """The newest spot-check that measures: its certificate, whether it is void, and its open rows by what they are."""
    drawn = plans.of_dataset(store, dataset, "certify")
    if not drawn:
        return None, False, Counter()
    try:
        # What a release would rest on: a finished spot-check that holds is not undone by a further draw.
        certificate = certificates.judge_newest(store, dataset)
        if certificate.status == "CERTIFIED":
            return certificate, False, Counter()
        certificate = certificates.judge_newest(store, dataset, plan=drawn[0].id)
        void = certificate.shipped_error is None and certificate_facts.changed(store, drawn[0].id)
    except CuratorError:  # a plan whose rows are gone measures nothing
        return None, False, Counter()
    now = progress.of_plan(store, drawn[0].id)
    audit = now.by_stream.get("audit")
    waits = certificate.status == "INCOMPLETE" and audit is not None and audit.done < audit.tasks
    due: Counter[str] = Counter()
    due[_UNREVIEWED] = now.left if waits else 0
    due.update(d.status for d in opinions.disputes(store, dataset) if d.plan == drawn[0].id and d.weight > 0)
    return certificate, void, due


def _test(store: Store, dataset: str) -> tuple[bool, int, int]:
    """Of the test split: whether its review was drawn, and the rows without an answer, and those without a settled one.

    Rows that people rejected or skipped are out of the measure, and hold nothing up.
    """
    drawn = plans.of_dataset(store, dataset, "test")
    if not drawn:
        return False, 0, 0
    left = progress.of_plan(store, drawn[0].id).left
    if left:
        return True, left, 0
    waiting = [d for d in opinions.disputes(store, dataset) if d.status in ("disputed", "unsettled")]
    return True, 0, sum(d.stream == "test" for d in waiting)


def _stale(store: Store, dataset: str, newest: int) -> bool:
    """Whether labels have changed since the newest version; False before the first."""
    return newest > 0 and versions.get(store, dataset, newest).manifest.as_of_seq < views.state_seq(store, dataset)
