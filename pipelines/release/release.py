"""Approved labels, pairs and splits -> an immutable, verifiable folder. Blocked by a gate that fails."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from curator import __version__
from curator.certificates import Certificate
from curator.composition import USUAL_LIMIT, TokenLengths
from curator.errors import DataError, RequestError
from curator.ports import TokenCounter
from curator.records import Split, digest, file_stem, prompt_hash_source
from curator.release import (
    LAYOUT,
    CertificateFact,
    Manifest,
    Proof,
    Prover,
    ReleaseGate,
    SignOff,
    Waiver,
    blocking,
    build_manifest,
    get_format,
    loaders_gate,
    manifest_hash,
    version_figures,
)
from pipelines import lengths as token_lengths
from pipelines import splits as splitting
from pipelines.certify import judge as certificates
from pipelines.release import proving, version_content, version_folder, version_gates, version_manifest
from pipelines.release.version_content import DataFiles, Labels, VersionChoice, VersionContent
from pipelines.runtime import acting
from pipelines.runtime.alone import alone
from pipelines.runtime.new_place import check_new
from storage.access import audit
from storage.checks import clusters, figures, findings
from storage.dataset import datasets, labels
from storage.engine.store import Appended, Connection, Store, Told
from storage.release import versions
from storage.views import current as views


@dataclass(frozen=True, slots=True)
class ReleaseConfig:
    """What to release. `labels` teacher: the labeler's raw labels in train; test keeps its reviewed labels.

    `prover`: reads the files by the trainers' own loaders before they are called valid; None where that is not asked.
    `sign_off`: who answers for it by name; `demand`: gates that have to pass, or be waived, where they are open else.
    `counter`: counts tokens, or says why nothing does; `max_length`: those that the trainer will take of a row.
    """

    dataset: str
    labels: Labels = "current"
    labeler: str | None = None
    formats: tuple[str, ...] = ("tinker", "openai")
    test_share: float = 0.2
    seed: int = 0
    waive: tuple[str, ...] = ()
    why: str | None = None
    who: str = "curator"
    out: Path | None = None
    prover: Prover | None = None
    validation_share: float = 0.0
    counter: TokenCounter | str = "no tokenizer was given"
    max_length: int = USUAL_LIMIT
    sign_off: SignOff | None = None
    demand: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseReport:
    """A version. `created` is False where an equal one was there already; `version` is None where a gate failed.

    `refused` holds by format what it cannot carry, and the external ids of the rows that are not in its files for that;
    `pairs_left_out` counts the stored pairs that are not in it, by why; `notes` say what to know of its splits.
    """

    version: str | None
    path: str | None
    manifest_sha256: str | None
    created: bool
    rows: dict[Split, int]
    pairs: dict[Split, int]
    gates: tuple[ReleaseGate, ...]
    status: str
    refused: dict[str, dict[str, list[str]]]
    pairs_left_out: dict[str, int]
    notes: tuple[str, ...] = ()
    lengths: TokenLengths | None = None


def run(config: ReleaseConfig, store: Store, releases: Path) -> ReleaseReport:
    """Release a version, or return the equal one that exists. Nothing is written where a gate fails unwaived.

    Raises:
        NotEnoughDataError: No releasable row.
        RequestError: An unknown format; a waiver without a reason or for no gate; a folder in the way.
    """
    acting.require("export")
    if config.out is not None:
        check_new(config.out, "folder")
    for name in config.formats:
        get_format(name)
    if config.waive and not (config.why or "").strip():
        msg = "--waive needs --why: a waiver carries a reason"
        raise RequestError(msg)
    dataset = datasets.require(store, config.dataset)
    labeler = labels.require_labeler(store, dataset, config.labeler)
    rows = views.current(store, dataset, labeler=labeler)
    alike = splitting.Alike()
    split = splitting.freeze(
        store,
        rows,
        dataset,
        test_share=config.test_share,
        seed=config.seed,
        validation_share=config.validation_share,
        alike=alike,
    )
    as_of = views.state_seq(store, dataset)
    choice = VersionChoice(
        dataset, labeler, as_of, config.labels, config.test_share, config.seed, config.validation_share
    )
    content = version_content.select(store, choice, alike)
    files = version_content.data_files(config.formats, content)
    found, certificate = version_gates.judge(
        store, choice, content, files, sign_off=config.sign_off, demand=config.demand
    )
    _refuse_unknown_waivers(config, found)
    proof = None
    if config.prover is not None:
        draft = _manifest(store, config, choice, content, files, found, certificate)
        proof = proving.prove(config.prover, draft, content, files)
        found.append(loaders_gate(proof))
    lengths = token_lengths.measure(pl.concat(content.rows.values()), config.counter, limit=config.max_length)
    report = ReleaseReport(
        version=None,
        path=None,
        manifest_sha256=None,
        created=False,
        rows={name: each.height for name, each in content.rows.items()},
        pairs={name: len(each) for name, each in content.pairs.items()},
        gates=tuple(found),
        status=certificate.status if certificate else "UNCERTIFIED",
        refused=files.refused,
        pairs_left_out=content.pairs_out,
        notes=splitting.notes(split),
        lengths=lengths,
    )
    if blocking(found, config.waive):
        return report
    with alone(releases / f".{file_stem(dataset)}.lock", f"a release of {dataset}"):
        manifest = _manifest(store, config, choice, content, files, found, certificate, proof, lengths)
        have = versions.find(store, dataset, manifest.request_hash)
        if have is None:
            target = config.out or releases / file_stem(dataset) / str(manifest.number)
            if config.out is None:
                version_folder.clear_unrecorded(target, manifest)
            told = _exported(store, manifest.version, target) if config.out else version_folder.nothing
            sealed = version_folder.write(target, files.bytes_by_path(), manifest, first=told)
            _note_figures(store, choice, content, sealed)
            versions.add(store, dataset, sealed, path=str(target), told=_told(config, sealed, report.status))
            known = manifest_hash(sealed.as_json())
            return replace(report, version=sealed.version, path=str(target), manifest_sha256=known, created=True)
    if config.out is not None:
        told = _exported(store, have.version, config.out)
        version_folder.write(config.out, files.bytes_by_path(), have.manifest, first=told)
    path = str(config.out or have.path)
    return replace(report, version=have.version, path=path, manifest_sha256=have.manifest_sha256)


def _told(config: ReleaseConfig, manifest: Manifest, status: str) -> Told:
    """What went out, and each gate that was waived for it, in the transaction that records the version."""
    who: dict[str, Any] = {"actor": acting.actor(), "subject": manifest.version, "who": config.who, "why": config.why}

    def told(connection: Connection, what: Appended) -> None:
        for gate in config.waive:
            audit.append(connection, what, action="waive", gate=gate, **who)
        if config.sign_off is not None:
            signed = {**who, "who": config.sign_off.who, "why": config.sign_off.note}
            audit.append(connection, what, action="sign_off", **signed)
        audit.append(connection, what, action="release", certificate=status, waived=list(config.waive), **who)

    return told


def rebuild(reference: str, store: Store, out: Path) -> str:
    """Make a version again from the store as of its seq; returns the manifest's SHA-256.

    Data files are made anew from the store; what described the version when it was released (certificate,
    diversity, gates) is taken from its record.

    Raises:
        DataError: The store as of that seq, with this Curator, gives other bytes than the release.
    """
    acting.require("export")
    check_new(out, "folder")
    dataset, number = versions.parse(reference)
    manifest = versions.get(store, dataset, number).manifest
    settings = manifest.settings
    choice = VersionChoice(
        dataset,
        settings.labeler,
        manifest.as_of_seq,
        settings.labels,
        settings.test_share,
        settings.seed,
        settings.validation_share,
    )
    content = version_content.select(store, choice)
    files = version_content.data_files(settings.formats, content, settings.layout)
    facts = {f.path: f.sha256 for f in manifest.data_files}
    other = [fact.path for fact in files.facts() if facts.get(fact.path) != fact.sha256]
    if other or set(facts) != set(files.files):
        msg = (
            f"{reference} was made by Curator {manifest.curator_version} and cannot be made again by "
            f"{__version__}: {', '.join(other) or 'the list of files'} differs"
        )
        raise DataError(msg)
    told = _exported(store, reference, out)
    return manifest_hash(version_folder.write(out, files.bytes_by_path(), manifest, first=told).as_json())


def _exported(store: Store, version: str, out: Path) -> Callable[[], None]:
    """What tells that a version goes into a folder: before it stands there."""
    return partial(audit.note, store, actor=acting.actor(), action="export", subject=version, path=str(out))


def train_rows(store: Store, dataset: str, labeler: str) -> list[str]:
    """The train rows that a release made now would hold, by example id; nothing is written."""
    content = version_content.select(store, VersionChoice(dataset, labeler, views.state_seq(store, dataset)))
    return content.rows["train"]["example_id"].to_list()


def certificate_now(store: Store, dataset: str, plan: str | None = None) -> Certificate:
    """The certificate that a release made now would carry, of the newest finished plan or of the named one.

    Raises:
        NotEnoughDataError: There is no plan that estimates.
        RequestError: The plan is of another dataset, or draws no audit sample.
    """
    found = certificates.judge_newest(store, dataset, plan=plan)
    if not found.late_rows:
        return found
    # Perhaps of rows that a release would hold out, since they leak into test.
    going_out = train_rows(store, dataset, found.labeler)
    return certificates.judge_newest(store, dataset, plan=plan, released=going_out)


def _refuse_unknown_waivers(config: ReleaseConfig, gates: Sequence[ReleaseGate]) -> None:
    names = [g.name for g in gates] + ["loaders"] * (config.prover is not None)
    if unknown := sorted(set(config.waive) - set(names)):
        msg = f"--waive {unknown[0]}: no such gate; there are {', '.join(names)}"
        raise RequestError(msg)


def _note_figures(store: Store, choice: VersionChoice, content: VersionContent, manifest: Manifest) -> None:
    """Keep what the version is now for the trend. Written before the version's record, without which it is unseen."""
    checked = findings.newest_run(store, choice.dataset, choice.labeler)
    known = version_figures(
        content.rows["train"]["value"].to_list(),
        content.rows["test"]["value"].to_list(),
        diversity=manifest.diversity,
        findings=checked.report.counts if checked else None,
        certificate=manifest.certificate,
    )
    as_of, number = choice.as_of_seq, manifest.number
    figures.add(store, choice.dataset, "version", known, as_of_seq=as_of, version=number)


def _manifest(
    store: Store,
    config: ReleaseConfig,
    choice: VersionChoice,
    content: VersionContent,
    files: DataFiles,
    found: Sequence[ReleaseGate],
    certificate: CertificateFact | None,
    proof: Proof | None = None,
    lengths: TokenLengths | None = None,
) -> Manifest:
    dataset, labeler, as_of = choice.dataset, choice.labeler, choice.as_of_seq
    task = datasets.task_of(store, dataset)
    number = versions.next_number(store, dataset)
    given = labels.frame(store, dataset, labeler=labeler, as_of=as_of)
    run, agreement = clusters.newest(store, dataset), version_manifest.agreement_of(store, choice)
    return build_manifest(
        name=dataset,
        number=number,
        parent=f"{dataset}@{number - 1}" if number > 1 else None,
        as_of_seq=as_of,
        curator_version=__version__,
        settings=_settings(config, labeler),
        files=files.facts(),
        refused=files.refused,
        looks=files.looks(),
        proof=proof,
        lengths=lengths,
        labelled_under=version_manifest.labelled_under(store, choice, content),
        sign_off=config.sign_off,
        rows=version_manifest.released(content),
        pairs={split: [p.id for p in pairs] for split, pairs in content.pairs.items()},
        task={
            "name": task.name,
            "kind": task.kind,
            "task_hash": task.content_hash,
            "rubric_hash": digest(task.rubric),
        },
        teacher={
            "labeler": labeler,
            "versions": dict(sorted(Counter(given["version"].to_list()).items())),
            "prompt_hash": digest(prompt_hash_source(task)),
        },
        splits=asdict(version_manifest.splits(choice, content)),
        filters=version_manifest.filters_of(store, choice, content).as_json(),
        excluded=content.excluded,
        certificate=certificate,
        agreement=agreement.as_json() if agreement else None,
        diversity=asdict(run.report.diversity) if run else None,
        gates=found,
        waivers=[Waiver(gate=name, who=config.who, why=config.why or "") for name in config.waive],
        test_truth=views.truth_of_test(store, dataset, labeler=labeler, as_of=as_of),
        audit_head=audit.head(store, as_of=as_of),
        tokens={f"teacher_{way}": int(given[f"tokens_{way}"].sum() or 0) for way in ("in", "out")},
    )


def _settings(config: ReleaseConfig, labeler: str) -> dict[str, Any]:
    return {
        "labels": config.labels,
        "labeler": labeler,
        "formats": list(config.formats),
        "test_share": config.test_share,
        "seed": config.seed,
        "layout": LAYOUT,
        **({"validation_share": config.validation_share} if config.validation_share else {}),
    }
