"""Whether everything that a project holds is what was written, and what makes anew what is not."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from curator.errors import CuratorError
from pipelines.admin import audit_check
from pipelines.release import verify
from pipelines.runtime.settings import Settings
from storage.dataset import datasets, vectors
from storage.engine.read_through import read_through
from storage.release import versions


@dataclass(frozen=True, slots=True)
class StoreProblem:
    """Something that is not what was written, and what to do. `breaks`: the project cannot be used with it."""

    what: str
    why: str
    do: str
    breaks: bool = False


@dataclass(frozen=True, slots=True)
class DeepCheck:
    """What was looked at, and what is wrong."""

    rows: int
    releases: int
    problems: tuple[StoreProblem, ...]

    @property
    def breaks(self) -> tuple[StoreProblem, ...]:
        """Those with which the project cannot be used."""
        return tuple(problem for problem in self.problems if problem.breaks)


def run(settings: Settings) -> DeepCheck:
    """Read the store to its last row, the audit log, every file of vectors and every release."""
    try:
        rows = read_through(settings.store)
        found = [*_log(settings), *_vectors(settings)]
        count, broken = _releases(settings)
    except CuratorError as error:
        lost = StoreProblem(
            str(settings.store_file), str(error), "restore a backup: `curator restore DIR --project NEW`"
        )
        return DeepCheck(0, 0, (lost,))
    return DeepCheck(rows, count, (*found, *broken))


def _log(settings: Settings) -> Iterator[StoreProblem]:
    checked = audit_check.run(settings)
    for said in audit_check.in_words(checked):
        yield StoreProblem("audit log", said, "`curator audit verify` has the whole; compare with a backup")


def _vectors(settings: Settings) -> Iterator[StoreProblem]:
    for each in vectors.damaged(settings.store):
        do = f"`curator embed` with the encoder {each.encoder} makes it anew"
        yield StoreProblem(each.file, each.why, do)


def _releases(settings: Settings) -> tuple[int, list[StoreProblem]]:
    found, count = [], 0
    for name in datasets.names(settings.store):
        for version in versions.listing(settings.store, name):
            count += 1
            reference, folder = version.version, Path(version.path)
            do = f"move {folder} away, then `curator versions rebuild {reference} --out {folder}`"
            try:
                report = verify.run(verify.VerifyConfig(folder, expected_sha256=version.manifest_sha256))
                why = "; ".join(f"{p.path} ({p.kind})" for p in report.problems[:3])
            except CuratorError as error:
                why = str(error)
            if why:
                found.append(StoreProblem(reference, why, do))
    return count, found
