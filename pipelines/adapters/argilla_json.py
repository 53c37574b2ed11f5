"""Cards and answers as the JSON of Argilla's HTTP interface."""

from collections.abc import Iterator
from typing import Any

from curator.ports import BoardEntry, BoardForm, BoardRecord, BoardResponse

HIDDEN_METADATA = ("stream", "stratum", "plan", "look", "content_hash", "fingerprint")


def parts(form: BoardForm) -> Iterator[tuple[str, dict[str, Any]]]:
    """The dataset's fields, questions and metadata. Markdown stays off: texts are untrusted."""
    plain = {"type": "text", "use_markdown": False}
    yield "fields", {"name": "text", "title": "Text", "required": True, "settings": plain}
    yield "fields", {"name": "note", "title": "Why it is here", "required": False, "settings": plain}
    if form.labels is None:
        question = {"name": "answer", "title": "The right answer", "required": True, "settings": plain}
    else:
        options = [
            {"value": name, "text": name, "description": meaning[:1000] or None}
            for name, meaning in form.labels.items()
        ]
        question = {
            "name": "label",
            "title": "The right label",
            "required": True,
            "settings": {"type": "label_selection", "options": options},
        }
    yield "questions", question
    yield "questions", {"name": "comment", "title": "Comment", "required": False, "settings": plain}
    for name in HIDDEN_METADATA:
        terms = {"name": name, "title": name, "settings": {"type": "terms"}, "visible_for_annotators": False}
        yield "metadata-properties", terms


def item(record: BoardRecord, question: dict[str, Any]) -> dict[str, Any]:
    """A card as the server takes it. `question` is what its suggestion answers."""
    fields = {"text": record.text, **({"note": record.note} if record.note else {})}
    suggestions = []
    if record.suggestion is not None:
        suggestion = {"question_id": question["id"], "value": record.suggestion, "agent": record.agent, "type": "model"}
        suggestions.append(suggestion | ({"score": record.score} if record.score is not None else {}))
    return {
        "external_id": record.id,
        "fields": fields,
        "metadata": {**record.metadata, "fingerprint": record.fingerprint},
        "suggestions": suggestions,
    }


def entry(item: dict[str, Any], names: dict[str, str]) -> BoardEntry:
    """A record with its responses as the server gives it. `names`: user id -> user name."""
    return BoardEntry(
        id=str(item["external_id"] or item["id"]),
        handle=str(item["id"]),
        text=str(item["fields"].get("text") or ""),
        fingerprint=(item["metadata"] or {}).get("fingerprint"),
        responses=tuple(_response(r, names) for r in item["responses"] or ()),
    )


def _response(item: dict[str, Any], names: dict[str, str]) -> BoardResponse:
    values = item["values"] or {}  # null where a response was discarded without any
    answer = next((values[name]["value"] for name in ("label", "answer") if values.get(name)), None)
    comment = (values.get("comment") or {}).get("value")
    return BoardResponse(
        user_id=str(item["user_id"]),
        user=names.get(str(item["user_id"])),
        status=item["status"],
        value=None if answer is None else str(answer),
        comment=str(comment) if comment else None,
        updated_at=str(item["updated_at"]),
    )
