"""Every gate of a version: what has to hold before it leaves, from its rows, its files and what people said."""

from collections.abc import Sequence
from functools import partial

from curator.errors import NotEnoughDataError
from curator.records import Task, answer_form
from curator.release import (
    CertificateFact,
    ReleaseGate,
    SignOff,
    agreement_gate,
    balance_gate,
    carried_gate,
    certificate_gate,
    contradiction_gate,
    demanded,
    format_gate,
    leak_gate,
    reviewed_gate,
    rubric_gate,
    signed_gate,
    size_gate,
    variety_gate,
)
from pipelines import splits as splitting
from pipelines.certify import judge as certificates
from pipelines.release import content_gates, version_manifest
from pipelines.release.version_content import DataFiles, VersionChoice, VersionContent
from storage.dataset import datasets
from storage.engine.store import Store
from storage.views import current as views


def judge(
    store: Store,
    choice: VersionChoice,
    content: VersionContent,
    files: DataFiles,
    *,
    sign_off: SignOff | None = None,
    demand: Sequence[str] = (),
) -> tuple[list[ReleaseGate], CertificateFact | None]:
    """The gates of a version, and the certificate of its rows; None where there is none.

    Args:
        store: The store.
        choice: Which version.
        content: Its rows and pairs.
        files: Its data files.
        sign_off: Who answers for it by name.
        demand: Gates that have to pass, or be waived, where they are open else.

    Raises:
        RequestError: A gate is demanded that there is not.
    """
    task = datasets.task_of(store, choice.dataset)
    target = task.max_error
    train = content.rows["train"]
    truth = views.truth_of_test(store, choice.dataset, labeler=choice.labeler, as_of=choice.as_of_seq)
    certificate, why_none = None, ""
    raw = choice.labels == "teacher"
    try:
        judged = certificates.judge_newest(
            store,
            choice.dataset,
            labeler=choice.labeler,
            as_of=choice.as_of_seq,
            released=train["example_id"].to_list(),
            raw=raw,
        )
        certificate = CertificateFact.model_validate(judged.as_json())
    except NotEnoughDataError as error:
        why_none = str(error)
    found = [
        certificate_gate(certificate, raw_labels=raw, target=target, why_none=why_none),
        reviewed_gate(truth),
        leak_gate(
            content.rows,
            form=splitting.same_text_form,
            detector=splitting.DETECTOR,
            query=partial(splitting.query_of, task),
        ),
        contradiction_gate(train, answer=partial(answer_form, task)),
        variety_gate(train, form=splitting.same_text_form),
        content_gates.templates(content),
        *content_gates.gates(content, task),
        *_figure_gates(store, choice, content, task),
        signed_gate(sign_off),
        carried_gate(files.refused),
        format_gate(files.bytes_by_path(), {path: file.ids for path, file in files.files.items()}),
    ]
    if certificate is not None and raw:
        certificate = certificate.model_copy(update={"status": "UNCERTIFIED", "shipped_error": None})
    return demanded(found, demand), certificate


def _figure_gates(store: Store, choice: VersionChoice, content: VersionContent, task: Task) -> list[ReleaseGate]:
    number = {v.task.content_hash: v.number for v in datasets.history(store, choice.dataset)}
    values = {split: rows["value"].to_list() for split, rows in content.rows.items()}
    return [
        agreement_gate(version_manifest.agreement_of(store, choice)),
        *([balance_gate(values, list(task.labels))] if task.kind == "classification" else []),
        size_gate({split: len(each) for split, each in values.items()}),
        rubric_gate(version_manifest.labelled_under(store, choice, content), number),
    ]
