"""Certificates of the store as it is: a spot-check is read, the core decides, and the newest answers are kept."""

from collections.abc import Collection, Sequence
from functools import lru_cache

from curator.certificates import Certificate, judge
from curator.certificates import missed_before as spent_by
from storage.dataset import datasets
from storage.engine.store import File, Store
from storage.review import plans
from storage.views import spot_checks


def judge_newest(
    store: Store,
    dataset: str,
    *,
    plan: str | None = None,
    labeler: str | None = None,
    as_of: int | None = None,
    released: Sequence[str] | None = None,
    raw: bool = False,
) -> Certificate:
    """Judge the named plan, or the newest finished one; see `curator.certificates.judge`.

    The newest answers are kept in memory, since pages ask again at every click.

    Raises:
        NotFoundError: There is no such dataset or plan.
        NotEnoughDataError: There is no plan that estimates.
        RequestError: The plan is of another dataset, or draws no audit sample (test, sent).
    """
    datasets.require(store, dataset)
    if released is not None or raw:
        return _judge_anew(store, dataset, plan, labeler, as_of, released, raw=raw)
    return _kept(store.file, dataset, plan, labeler, as_of, spot_checks.moment(store, dataset))


def missed_before(
    store: Store,
    dataset: str,
    *,
    labeler: str,
    asked: tuple[float | None, float],
    plan: str | None = None,
    about: Collection[str] | None = None,
) -> tuple[str, ...]:
    """The certify plans that missed the target before one; see `curator.certificates.missed_before`."""
    found = None if plan is None else plans.get(store, plan)
    checks = spot_checks.of_dataset(store, dataset)
    return spent_by(checks, labeler=labeler, asked=asked, plan=found, about=about)


@lru_cache(maxsize=16)
def _kept(
    file: File, dataset: str, plan: str | None, labeler: str | None, as_of: int | None, _moment: tuple[int, int]
) -> Certificate:
    return _judge_anew(Store(file[0]), dataset, plan, labeler, as_of, None)


def _judge_anew(
    store: Store,
    dataset: str,
    plan: str | None,
    labeler: str | None,
    as_of: int | None,
    released: Sequence[str] | None,
    *,
    raw: bool = False,
) -> Certificate:
    named = None if plan is None else plans.get(store, plan)
    checks = spot_checks.of_dataset(store, dataset, as_of=as_of)
    return judge(checks, plan=named, labeler=labeler, released=released, raw=raw)
