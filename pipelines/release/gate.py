"""The gates of released versions and of training files, for a pipeline that must not go on where one fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from curator.errors import NotFoundError, RequestError
from curator.records import GateRules, read_json
from curator.release import GateResult, gates_of_file, gates_of_version, read_manifest
from pipelines.release import validate, verify
from storage.engine.store import Store
from storage.release import versions

NO_RULES = GateRules()


@dataclass(frozen=True, slots=True)
class GateConfig:
    """What to judge.

    Attributes:
        subjects: Versions (`NAME@N`), release folders, training files.
        format: Of the training files; a folder and a version know theirs.
        rules: What is demanded beyond the release itself.
    """

    subjects: tuple[str, ...]
    format: str | None = None
    rules: GateRules = NO_RULES


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """How each gate of each subject stands."""

    subjects: Mapping[str, Sequence[GateResult]]
    failed: int


def run(config: GateConfig, store: Store | None) -> GateOutcome:
    """Judge each subject; one that is not there ends it, since a gate that was not looked at has not passed.

    Args:
        config: What to judge.
        store: Of the project, which knows versions and their hashes; None outside a project.

    Raises:
        NotFoundError: There is no such version, folder or file.
        RequestError: A training file without a format; a version outside a project.
        DataError: A folder's manifest is none.
    """
    found = {subject: _judge(subject, config, store) for subject in config.subjects}
    return GateOutcome(found, sum(each.standing == "failed" for results in found.values() for each in results))


def _judge(subject: str, config: GateConfig, store: Store | None) -> tuple[GateResult, ...]:
    place = Path(subject)
    if place.is_file():
        if config.format is None:
            msg = f"{subject} is a training file: name its format with --format"
            raise RequestError(msg)
        return gates_of_file(validate.judge(place, config.format), config.format)
    if place.is_dir():
        return _folder(place, None if store is None else verify.recorded_hash(store, place), config.rules)
    if "@" not in subject:
        msg = f"{subject} is no file, no folder and no version (NAME@NUMBER)"
        raise NotFoundError(msg)
    if store is None:
        msg = f"{subject} is a version, and there is no project here: name it with --project, or the folder"
        raise RequestError(msg)
    version = versions.get(store, *versions.parse(subject))
    return _folder(Path(version.path), version.manifest_sha256, config.rules)


def _folder(folder: Path, expected_sha256: str | None, rules: GateRules) -> tuple[GateResult, ...]:
    report = verify.run(verify.VerifyConfig(folder, expected_sha256))
    content = read_json((folder / "manifest.json").read_text(encoding="utf-8"))
    return gates_of_version(read_manifest(content, str(folder)), report.problems, rules)
