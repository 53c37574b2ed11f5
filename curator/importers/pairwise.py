"""Two answers side by side and which one won: exports of arenas and of judges, tinker-cookbook, UltraFeedback."""

import re
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from curator.importers.answers import against, is_answer, shared
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.turns import as_turns, is_turns, rest, tools_in, with_system
from curator.records import Choice, Given, GivenComparison, Rejected

_PROMPTS = ("prompt", "question", "instruction", "query", "messages", "text", "input")
_PAIRS = tuple(
    (f"{name}{sign}{a}", f"{name}{sign}{b}")
    for name in ("response", "answer", "output", "completion", "generation", "conversation")
    for sign in ("_", "")
    for a, b in (("a", "b"), ("A", "B"), ("1", "2"), ("0", "1"))
)
_WINNERS = ("winner", "preference", "preferred", "choice", "better", "vote", "judgement", "label", "winner_label")
_WHO = ("judge", "annotator", "labeler", "evaluator", "annotator_id")
_TIE = re.compile(r"tie\b.*|both.*|equal|same|draw|neither|-1|0\.5")
_MODEL = re.compile(r"(?:(?:model|response|answer|output|completion|assistant)[ _]?)?([ab12])")


def fits(record: RawRecord) -> bool:
    """Two answers and a winner."""
    if _is_tinker(record):
        return True
    pair = _pair(record)
    if pair is None or not any(record.get(name) is not None for name in _WINNERS):
        return False
    return pair[0].startswith("conversation") or any(record.get(name) is not None for name in _PROMPTS)


def read(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """The prompt, and the comparison with its winner; a tie is a tie."""
    if _is_tinker(record):
        return (_tinker(record),)
    first, second = _pair(record) or ("", "")
    winner = next(name for name in _WINNERS if record.get(name) is not None)
    name = next((name for name in _PROMPTS if record.get(name) is not None), None)
    if name is None or first.startswith("conversation"):
        name = ""
        turns, a, b = shared(record[first], record[second])
    else:
        turns = as_turns(record[name])
        a, b = against(turns, record[first]), against(turns, record[second])
    models = [n if isinstance(record.get(n), str) else None for n in _models(first, second)]
    sources = [str(record[n]) if n else label for n, label in zip(models, (first, second), strict=True)]
    choice = _choice(record[winner], sources, (first, second))
    who = next((n for n in _WHO if record.get(n) not in (None, "")), None)
    compared = GivenComparison(a, b, choice, sources[0], sources[1], labeler=str(record[who]) if who else None)
    taken = (name, first, second, winner, "system", "tools", *(n for n in models if n), who or "")
    return (
        Given(
            input=with_system(turns, record.get("system")),
            tools=tools_in(record.get("tools")),
            metadata=rest(record, *taken),
            comparisons=(compared,),
        ),
    )


def _pair(record: RawRecord) -> tuple[str, str] | None:
    return next((pair for pair in _PAIRS if all(is_answer(record.get(name)) for name in pair)), None)


def _models(first: str, second: str) -> tuple[str, str]:
    return f"model_{first[-1].lower()}", f"model_{second[-1].lower()}"


def _choice(raw: Any, sources: list[str], sides: tuple[str, str]) -> Choice:  # noqa: ANN401 - raw JSON
    """Which side won.

    Raises:
        Rejected: The winner is neither a side nor a tie.
    """
    said = str(raw).strip()
    if said in sources:
        return "a" if said == sources[0] else "b"
    if said in sides:
        return "a" if said == sides[0] else "b"
    low = said.lower()
    found = _MODEL.fullmatch(low)
    if found is not None and (found[1] in "ab" or sides[0][-1] in "1aA"):
        return "a" if found[1] in "a1" else "b"
    if sides[0].endswith("0") and low in "01":
        return "a" if low == "0" else "b"
    if _TIE.fullmatch(low):
        return "tie"
    detail = f"the winner {said[:40]!r} is none of {sides[0]}, {sides[1]}, a, b, 1, 2, tie, or a model's name"
    raise Rejected("unknown_winner", detail)


def _is_tinker(record: RawRecord) -> bool:
    inner = record.get("comparison")
    return isinstance(inner, Mapping) and is_turns(inner.get("prompt_conversation")) and "label" in record


def _tinker(record: RawRecord) -> Given:
    """tinker-cookbook: any label but A and B is a tie, which its own reader takes for B."""
    inner = record["comparison"]
    turns = inner["prompt_conversation"]
    a, b = (against(turns, inner.get(f"completion_{side}")) for side in "AB")
    choice = _choice(record["label"], ["A", "B"], ("completion_A", "completion_B"))
    known = {"prompt_conversation", "completion_A", "completion_B"}
    more = {f"comparison.{key}": value for key, value in inner.items() if key not in known}
    return Given(
        input=turns,
        metadata={**rest(record, "comparison", "label"), **more},
        comparisons=(GivenComparison(a, b, choice, "completion_A", "completion_B"),),
    )


def fits_ranked(record: RawRecord) -> bool:
    """UltraFeedback: one instruction and several completions, each with a model and a score."""
    several: Any = record.get("completions")
    scored = is_turns(several, "response") and _score(several[0]) is not None
    return scored and isinstance(record.get("instruction"), str)


def read_ranked(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """A comparison of each two completions; equal scores are a tie."""
    made = []
    several = [each for each in record["completions"] if isinstance(each, Mapping)]
    scored = [(each, score) for each in several if (score := _score(each)) is not None]
    for (one, high), (other, low) in combinations(scored, 2):
        choice: Choice = "tie" if high == low else "a" if high > low else "b"
        names = [str(each.get("model") or f"completion {several.index(each) + 1}") for each in (one, other)]
        note = f"scores {high} and {low}"
        made.append(GivenComparison(one["response"], other["response"], choice, names[0], names[1], note=note))
    missing = len(record["completions"]) - len(scored)
    notes = ("a completion without a score is not compared",) if missing else ()
    kept = rest(record, "instruction")  # all that the file says of the completions stays with the row
    return (Given(input=record["instruction"], metadata=kept, comparisons=tuple(made), notes=notes),)


def _score(completion: Mapping[str, Any]) -> float | None:
    for name in ("overall_score", "fine-grained_score", "score", "rating"):
        value = completion.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None


PAIRWISE = ImportFormat("pairwise", "pairwise comparisons", fits, read, by_content=True)
ULTRAFEEDBACK = ImportFormat("ultrafeedback", "UltraFeedback", fits_ranked, read_ranked, by_content=True)
