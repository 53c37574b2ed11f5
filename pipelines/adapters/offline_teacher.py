"""The embedded default teacher: an offline language identifier, for the demo task alone.

py3langid names the language; one that the rubric does not name becomes `ot`, and the published rule
"Cyrillic script → ru" goes first. Its mistakes are its own: the rule turns Bulgarian into Russian.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any, Literal

from curator.errors import RequestError
from curator.ports import TeacherAnswer
from curator.records import Task

OTHER = "ot"


class OfflineLanguageTeacher:
    """Names the language of a text, without key or network. It says that it is no large model."""

    name = "offline-langid"
    version = "py3langid-0.4.0+cyrillic-rule"
    offline: Literal[True] = True

    def __init__(self, task: Task) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        self._identifier: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        known = {str(label) for label in self._identifier.labels}
        self._named = set(task.labels) - {OTHER}
        strangers = sorted(self._named - known)
        if task.kind != "classification" or OTHER not in task.labels or strangers:
            msg = (
                f"the embedded teacher only names languages (labels such as en, de and {OTHER}), and task "
                f"{task.name!r} is another one; name a real teacher with --teacher (OPENAI_API_KEY, and "
                "OPENAI_BASE_URL for a server of your own), or ingest labels"
            )
            raise RequestError(msg)

    def answer(self, texts: Sequence[str]) -> list[TeacherAnswer]:
        """Name each text's language."""
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> TeacherAnswer:
        if _mostly_cyrillic(text) and "ru" in self._named:
            return TeacherAnswer("ru", confidence=1.0, cost_usd=0.0)
        language, probability = self._identifier.classify(text)
        return TeacherAnswer(
            language if language in self._named else OTHER, confidence=float(probability), cost_usd=0.0
        )


def _mostly_cyrillic(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return bool(letters) and 2 * sum("CYRILLIC" in unicodedata.name(c, "") for c in letters) > len(letters)
