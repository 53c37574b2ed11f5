"""Amazon SageMaker Ground Truth: an output manifest, with `NAME` and `NAME-metadata` beside `source`.

The label is what Ground Truth made of its workers' answers, so that it is of the labelling job; where the metadata says
that no person looked (`human-annotated: no`), it is a machine's.
"""

from collections.abc import Mapping
from typing import Any

from curator.importers.asked import in_unit, one_of, without
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.spans import answer, span
from curator.records import Given, GivenLabel, Rejected


def _attributes(record: RawRecord) -> list[str]:
    return [
        n.removesuffix("-metadata") for n, v in record.items() if n.endswith("-metadata") and isinstance(v, Mapping)
    ]


def fits(record: RawRecord) -> bool:
    """A source beside an attribute with its metadata."""
    return ("source" in record or "source-ref" in record) and bool(_attributes(record))


def read(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    """The row with the label of each job that has one."""
    text = record.get("source")
    if not isinstance(text, str):
        where = str(record.get("source-ref"))[:80]
        raise Rejected("input_elsewhere", f"the text lies at {where}; put it into the manifest as `source`")
    names = _attributes(record)
    notes: list[str] = []
    labels = [label for name in names if (label := _label(record, name, text, reading, notes)) is not None]
    metadata = without(record, "source", "id", *names, *(f"{name}-metadata" for name in names))
    return (Given(text, record.get("id"), metadata=metadata, labels=tuple(labels), notes=tuple(notes)),)


def _label(record: RawRecord, name: str, text: str, reading: Reading, notes: list[str]) -> GivenLabel | None:
    about: Mapping[str, Any] = record[f"{name}-metadata"]
    if about.get("failure-reason") or name not in record:
        notes.append(f"job {name} has no label for a row: {str(about.get('failure-reason') or 'it failed')[:120]}")
        return None
    human = str(about.get("human-annotated", "yes")).lower() == "yes"
    job = str(about.get("job-name") or name).removeprefix("labeling-job/")
    at = about.get("creation-date")
    return GivenLabel(
        _value(record[name], about, text, reading),
        job,
        "human" if human else "teacher",
        confidence=in_unit(about.get("confidence")),
        time=at if isinstance(at, str) else None,
    )


def _value(raw: Any, about: Mapping[str, Any], text: str, reading: Reading) -> Any:  # noqa: ANN401 - raw JSON
    if isinstance(raw, Mapping):
        entities = raw.get("annotations", raw)
        entities = entities.get("entities") if isinstance(entities, Mapping) else None
        if not isinstance(entities, list):
            raise Rejected("unknown_answer", f"{str(raw)[:80]} is neither a class nor a list of entities")
        found = [span(text, e.get("startOffset"), e.get("endOffset"), e.get("label"))[0] for e in entities]
        return answer(found, reading)
    if "class-name" in about:
        return about["class-name"]
    classes = about.get("class-map")
    if isinstance(classes, Mapping):
        chosen = raw if isinstance(raw, list) else [raw]
        return one_of([classes.get(str(each), each) for each in chosen], reading)
    return raw


GROUND_TRUTH = ImportFormat(
    "ground-truth", "SageMaker Ground Truth manifest", fits, read, cannot="single workers' answers"
)
