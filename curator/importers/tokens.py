"""Texts in tokens with a tag for each (CoNLL, IOB, BILUO), and spaCy's documents and training files as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from curator.importers.asked import one_of, without
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.spans import TextSpan, answer, span
from curator.records import Given, GivenLabel, Rejected

TAGS = ("ner_tags", "tags", "labels")


def _tags(record: RawRecord) -> list[Any] | None:
    found = next((record[name] for name in TAGS if isinstance(record.get(name), list)), None)
    tokens = record.get("tokens", record.get("words"))
    return found if isinstance(tokens, list) and tokens and all(isinstance(t, str) for t in tokens) else None


def _is_tagged(record: RawRecord) -> bool:
    return _tags(record) is not None


def _read_tagged(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    tokens, tags = record.get("tokens", record.get("words")), _tags(record) or []
    if len(tags) != len(tokens):
        raise Rejected("bad_tags", f"{len(tokens)} tokens have {len(tags)} tags")
    if not all(isinstance(tag, str) for tag in tags):
        detail = f"the tags are numbers ({str(tags[:6])[:60]}); write their names (datasets: int2str of the feature)"
        raise Rejected("tags_without_names", detail)
    text, places = _joined(tokens)
    label = GivenLabel(answer(_entities(text, places, tags), reading))
    notes = ("tokens are joined by spaces: the format does not hold the text between them",)
    metadata = without(record, "id", "tokens", "words", *TAGS)
    return (Given(text, record.get("id"), metadata=metadata, labels=(label,), notes=notes),)


def _joined(tokens: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    places, start = [], 0
    for token in tokens:
        places.append((start, start + len(token)))
        start += len(token) + 1
    return " ".join(tokens), places


def _entities(text: str, places: Sequence[tuple[int, int]], tags: Sequence[str]) -> list[TextSpan]:
    """Spans out of B-, I-, L- or E-, U- or S- and O, as IOB1, IOB2, BILUO and BIOES use them."""
    made: list[TextSpan] = []
    open_from: tuple[int, str] | None = None
    for place, tag in enumerate([*tags, "O"]):
        mark, _, name = tag.partition("-")
        if tag not in ("O", "-", "") and (mark not in set("BILUES") or not name):
            raise Rejected("bad_tags", f"tag {tag!r} is none of O, B-NAME, I-NAME (or L-, E-, U-, S-)")
        if open_from is not None and (mark not in "ILE" or name != open_from[1] or not name):
            start, end = places[open_from[0]][0], places[place - 1][1]
            made.append(TextSpan(start, end, open_from[1], text[start:end]))
            open_from = None
        if name and open_from is None:
            open_from = (place, name)
    return made


def _is_doc(record: RawRecord) -> bool:
    tokens = record.get("tokens")
    return (
        isinstance(record.get("text"), str)
        and isinstance(tokens, list)
        and bool(tokens)
        and all(isinstance(t, Mapping) and {"start", "end", "id"} <= set(t) for t in tokens)
        and ("ents" in record or "cats" in record)
        and "answer" not in record
    )


def _is_training(record: RawRecord) -> bool:
    paragraphs = record.get("paragraphs")
    return (
        isinstance(paragraphs, list)
        and bool(paragraphs)
        and all(isinstance(p, Mapping) and "raw" in p and "sentences" in p for p in paragraphs)
    )


def _read_doc(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    text = record["text"]
    places = [(e.get("start"), e.get("end"), e.get("label")) for e in record.get("ents") or ()]
    ident = record.get("id", _custom(record).get("id"))
    return (_given(text, ident, places, _cats(record.get("cats")), "ents" in record, reading),)


def _custom(record: RawRecord) -> Mapping[str, Any]:
    custom = record.get("_")
    return custom if isinstance(custom, Mapping) else {}


def _read_training(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    made, many = [], len(record["paragraphs"]) > 1
    for number, part in enumerate(record["paragraphs"]):
        text = part["raw"]
        if not isinstance(text, str):
            raise Rejected("missing_input", f"paragraph {number} has no `raw` text")
        places = [(e[0], e[1], e[2]) for e in part.get("entities") or () if isinstance(e, list) and len(e) == 3]
        ident = record.get("id")
        ident = f"{ident}.{number}" if many and ident is not None else ident
        made.append(_given(text, ident, places, _cats(part.get("cats")), "entities" in part, reading))
    return tuple(made)


def _cats(raw: Any) -> dict[str, float]:  # noqa: ANN401 - raw JSON
    if isinstance(raw, list):  # the training file has a list of objects
        raw = {each.get("label"): each.get("value") for each in raw if isinstance(each, Mapping)}
    return {str(k): float(v) for k, v in raw.items()} if isinstance(raw, Mapping) else {}


def _given(
    text: str,
    ident: Any,  # noqa: ANN401 - raw JSON
    places: Sequence[tuple[Any, Any, Any]],
    cats: Mapping[str, float],
    tagged: bool,
    reading: Reading,
) -> Given:
    """The row: its spans for an extraction, its categories for a classification."""
    if reading.task.kind == "classification" and (cats or not places):
        chosen = [name for name, value in cats.items() if value >= 0.5]
        value = one_of(chosen, reading)
        sure = cats[chosen[0]] if chosen and cats[chosen[0]] < 1.0 else None
        return Given(text, ident, labels=() if value is None else (GivenLabel(value, confidence=sure),))
    if not tagged:
        return Given(text, ident)
    spans = [span(text, start, end, label)[0] for start, end, label in places]
    notes = ("categories beside entities are not read",) if cats and reading.task.kind != "classification" else ()
    return Given(text, ident, labels=(GivenLabel(answer(spans, reading)),), notes=notes)


TAGGED = ImportFormat(
    "conll", "tokens with tags (CoNLL)", _is_tagged, _read_tagged, cannot="columns beside token and tag"
)
SPACY = ImportFormat("spacy", "spaCy documents", _is_doc, _read_doc, cannot="parses, tokens")
SPACY_TRAINING = ImportFormat(
    "spacy-training", "spaCy training JSON", _is_training, _read_training, cannot="parses, tokens"
)
