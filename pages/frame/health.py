"""The state of a dataset in a few words: how good its labels are, and who says so."""

from curator.certificates import Certificate
from curator.errors import CuratorError
from curator.records import Finding
from curator.review import TakenDecision, in_force
from pipelines.certify import judge as certificates
from storage.engine.store import Store
from storage.review import plans, reviews


def reviewers(store: Store, dataset: str) -> str:
    """Name who reviewed the dataset's rows one by one."""
    names = reviews.frame(store, dataset)["reviewer"].unique().sort()
    return ", ".join(names) or "nobody yet"


def newest_certificate(store: Store, dataset: str) -> Certificate | None:
    """Judge the newest finished spot-check, as a release would; None before the first draw, or without its rows."""
    if not plans.of_dataset(store, dataset, "certify"):
        return None
    try:
        return certificates.judge_newest(store, dataset)
    except CuratorError:
        return None


def standing_decision(store: Store, dataset: str, finding: Finding) -> TakenDecision | None:
    """The decision about a finding's rows that has not been taken back, or None."""
    standing = in_force(d for d in reviews.taken(store, dataset) if d.finding_id == finding.id)
    return standing[-1] if standing else None
