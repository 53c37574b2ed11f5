"""The loop, step by step: from raw lines to a released dataset, two students and a verdict."""

import json
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from curator.errors import NotEnoughDataError
from curator.records import parse_task
from pipelines import wiring
from pipelines.analysis import check, cluster, decide
from pipelines.demo import corpus, expert
from pipelines.demo.steps import Steps
from pipelines.intake import embed, ingest, label
from pipelines.preferences import pairs
from pipelines.release import release
from pipelines.release.version_content import Labels
from pipelines.review import plan
from pipelines.runtime.progress import stage
from pipelines.runtime.settings import Settings
from pipelines.students import asking, contestants, evaluate, train
from storage.checks import findings
from storage.dataset import datasets
from storage.engine.store import Store
from storage.release import runs
from storage.views import current as views

_DATASET = "langid"
STEPS_FILE = "demo.json"
SEED = 7
TRAINING = ("train-raw", "pairs", "release", "train-sft", "train-dpo", "evaluate")
"""The steps that need a trainer; where all are done, none is started."""


@dataclass(frozen=True, slots=True)
class LoopResults:
    """What the loop's steps came to: which plan, version and run the summary is about.

    Attributes:
        seconds: Of all steps.
        labeler: The teacher.
        findings_before, findings_after: Findings by kind, before anybody reviewed and after.
        certify_plan: The plan that the certificate is about.
        pattern: The finding that was decided as one group.
        version: What was released, `NAME@N`.
        pairs: What came of the preference pairs.
        evaluation: The report's id.
    """

    seconds: float
    labeler: str
    findings_before: Mapping[str, int]
    findings_after: Mapping[str, int]
    certify_plan: str
    pattern: str
    version: str
    pairs: Mapping[str, Any]
    evaluation: str


def results(done: Mapping[str, Any], seconds: float) -> LoopResults:
    """Out of what the steps left in the project's file: step -> its result (JSON)."""
    return LoopResults(
        seconds=seconds,
        labeler=done["label"]["labeler"],
        findings_before=done["check"]["counts"],
        findings_after=done["check-again"]["counts"],
        certify_plan=done["certify-plan"],
        pattern=done["decide"]["findings"][0],
        version=done["release"]["version"],
        pairs=done["pairs"],
        evaluation=done["evaluate"],
    )


def run(project: Settings) -> LoopResults:
    """Run what is not done yet."""
    store, steps = project.store, Steps(project.project / STEPS_FILE)
    sys.stderr.write(f"The whole loop on real data, in {project.project}\n")
    truth = {line.external_id: line.truth for line in corpus.lines() if line.truth is not None}
    _collect(project, store, steps)
    _review(store, steps, truth)
    _release_and_train(project, store, steps)
    return results({name: step["result"] for name, step in steps.done.items()}, steps.seconds)


def _collect(project: Settings, store: Store, steps: Steps) -> None:
    """Create, ingest, label, set the edge cases aside, embed, cluster, check."""
    steps.once("create", "dataset and rubric", lambda: datasets.create(store, _DATASET, _task()))
    steps.once("ingest", "2,100 lines of tinker-cookbook's multilingual.txt read", lambda: _ingest(project, store))

    def give_labels() -> Any:  # noqa: ANN401 - JSON
        teacher = wiring.teacher(project, datasets.task_of(store, _DATASET))
        with stage("label") as progress:
            return asdict(label.run(label.LabelConfig(_DATASET), store, teacher, progress=progress))

    made = steps.once("label", "labelled by the teacher", give_labels)
    if made["labeler"] == wiring.OFFLINE:
        sys.stderr.write("    (the teacher is an offline language identifier, no large model; its mistakes are real)\n")
    steps.once("edge", "100 edge cases without an answer key set aside, by a decision", lambda: _set_edges_aside(store))
    encoder = wiring.encoder(project)

    def make_vectors() -> Any:  # noqa: ANN401 - JSON
        with stage("embed") as progress:
            return asdict(embed.run(embed.EmbedConfig(_DATASET), store, encoder, progress=progress))

    steps.once("embed", f"embedded with {encoder.name}", make_vectors)

    def make_clusters() -> Any:  # noqa: ANN401 - JSON
        with stage("cluster"):
            return cluster.run(
                cluster.ClusterConfig(_DATASET, encoder=encoder.name, revision=encoder.revision, seed=SEED), store
            ).run

    steps.once("cluster", "clustered, with the diversity report", make_clusters)
    steps.once("check", "checked, before anybody reviewed", lambda: _check(store))


def _task() -> Any:  # noqa: ANN401 - Task
    return parse_task(corpus.TASK, lambda name: name)


def _ingest(project: Settings, store: Store) -> Any:  # noqa: ANN401 - JSON
    file = project.project / "input.jsonl"
    rows = [
        {"id": line.external_id, "text": line.text, **({"group": line.group} if line.group else {})}
        for line in corpus.lines()
    ]
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return asdict(ingest.run(ingest.IngestConfig(_DATASET, (file,), source="production"), store))


def _set_edges_aside(store: Store) -> Any:  # noqa: ANN401 - JSON
    ids = [line.external_id for line in corpus.lines() if line.truth is None]
    record = {
        "external_ids": ids,
        "action": "exclude",
        "reviewer": expert.NAME,
        "reason": "edge cases without an answer key: nobody here can review them",
    }
    return asdict(decide.apply([(1, record, None)], _DATASET, store, source="demo-edge-cases"))


def _check(store: Store) -> Any:  # noqa: ANN401 - JSON
    with stage("check") as progress:
        return asdict(check.run(check.CheckConfig(_DATASET, seed=SEED), store, progress=progress))


def _review(store: Store, steps: Steps, truth: dict[str, str]) -> None:
    """Test split in full, a spot-check that finds the pattern, the decision, and a fresh audit after it."""

    def reviewed(name: str, says: str, config: plan.PlanConfig) -> str:
        found = steps.once(f"{name}-plan", f"{says}: drawn", lambda: plan.run(config, store).plan)
        steps.once(
            f"{name}-review", f"{says}: reviewed by the {expert.NAME}", lambda: expert.review_plan(store, found, truth)
        )
        return str(found)

    reviewed("test", "frozen test split", plan.PlanConfig(_DATASET, "test", seed=SEED))
    reviewed("find", "first spot-check", plan.PlanConfig(_DATASET, "find", reviews=150, risk_reviews=30, seed=SEED))
    steps.once("check-again", "checked again, with what the reviews say", lambda: _check(store))
    steps.once("decide", "the pattern decided as one group", lambda: _decide(store))
    reviewed("certify", "fresh spot-check after the decision", plan.PlanConfig(_DATASET, "certify", seed=SEED + 1))


def _decide(store: Store) -> Any:  # noqa: ANN401 - JSON
    """Accept each proposed relabelling of a pattern that reviews have confirmed.

    Raises:
        NotEnoughDataError: No pattern surfaced; the loop has nothing to decide.
    """
    run = findings.newest_run(store, _DATASET)
    patterns = findings.frame(store, run.run, "label_pattern") if run else []
    confirmed = [f for f in patterns if f.suggestion.get("action") == "relabel" and f.suggestion.get("value")]
    if not confirmed:
        msg = "the checks found no pattern that reviews confirm; see `curator findings --kind label_pattern`"
        raise NotEnoughDataError(msg)
    lines: list[tuple[int, dict[str, Any], str | None]] = [
        (
            number,
            {
                "finding_id": f.id,
                "action": "relabel",
                "value": f.suggestion["value"],
                "reviewer": expert.NAME,
                "reason": f.suggestion["text"],
            },
            None,
        )
        for number, f in enumerate(confirmed, start=1)
    ]
    report = decide.apply(lines, _DATASET, store, source="demo-patterns")
    return {**asdict(report), "findings": [f.id for f in confirmed]}


def _release_and_train(project: Settings, store: Store, steps: Steps) -> None:
    def make(labels: Labels, waive: tuple[str, ...], why: str | None) -> Any:  # noqa: ANN401 - JSON
        config = release.ReleaseConfig(_DATASET, labels=labels, seed=SEED, waive=waive, why=why, who=expert.NAME)
        with stage("release"):
            report = release.run(config, store, project.releases)
        if report.version is None:
            failed = "; ".join(f"{g.name}: {g.why}" for g in report.gates if g.passed is False)
            msg = f"the release is held back by its gates: {failed}"
            raise NotEnoughDataError(msg)
        return asdict(report)

    why = "baseline: what a student learns from the teacher's raw labels"
    raw = steps.once("release-raw", "raw labels released", lambda: make("teacher", ("certificate",), why))
    if set(TRAINING) <= set(steps.done):
        sys.stderr.write(f"  ✓ {', '.join(TRAINING)} (done before)\n")
        return
    with wiring.students(project, store, _DATASET) as made:
        sys.stderr.write(textwrap.fill(made.note, 100, initial_indent="    ", subsequent_indent="    ") + "\n")
        raw_run = steps.once(
            "train-raw",
            "student on raw labels (SFT)",
            lambda: _train(project, store, made, raw["version"], "sft", None),
        )
        steps.once("pairs", "preference pairs", lambda: _pairs(store, made, raw_run["run"]))
        good = steps.once("release", "curated dataset released, certified", lambda: make("current", (), None))
        sft = steps.once(
            "train-sft",
            "student on the release (SFT)",
            lambda: _train(project, store, made, good["version"], "sft", None),
        )
        dpo = steps.once(
            "train-dpo",
            "student after preferences (DPO)",
            lambda: _train(project, store, made, good["version"], "dpo", sft["run"]),
        )
        named = f"student={sft['run']},raw={raw_run['run']},dpo={dpo['run']},base=,teacher={_labeler(store)}"

        def compare() -> Any:  # noqa: ANN401 - JSON
            with stage("evaluate") as progress:
                who = contestants.parse_models(named, store, _DATASET)
                config = evaluate.EvaluateConfig(good["version"], who, SEED)
                report = evaluate.run(config, store, made.sampler, progress=progress)
            return report.report_id

        steps.once("evaluate", "evaluated on the frozen test split", compare)


def _labeler(store: Store) -> str:
    run = findings.newest_run(store, _DATASET)
    return run.labeler if run else wiring.OFFLINE


def _train(project: Settings, store: Store, made: wiring.Students, version: str, kind: Any, parent: str | None) -> Any:  # noqa: ANN401 - JSON
    config = train.TrainConfig(
        version,
        kind,
        parent,
        epochs=wiring.default_epochs(kind, made.local),
        batch_size=32 if kind == "sft" else 16,
        seed=SEED,
    )
    with stage(f"train {kind}") as progress:
        report = train.run(config, store, made.trainer, Path(project.project) / "runs", progress=progress)
    return asdict(report)


def _pairs(store: Store, made: wiring.Students, raw_run: str) -> Any:  # noqa: ANN401 - JSON
    """Pairs from the raw student's own wrong answers on the train rows, and from people's corrections."""
    rows = views.current(store, _DATASET)
    rows = rows.filter(rows["out"].is_null() & (rows["split"] == "train"))
    with stage("sample the student") as progress:
        key = asking.answer(
            store,
            rows,
            runs.get(store, raw_run),
            datasets.task_of(store, _DATASET),
            dataset=_DATASET,
            version=1,
            sampler=made.sampler,
            progress=progress,
        )
    return asdict(pairs.build(_DATASET, store, student=key, seed=SEED))
