"""Checks one row of preferences: its prompt, its two answers, and which of them is preferred."""

from typing import Any

from curator.release.validation_rows import TAGGED_FORMATS, RowChecker, canonical
from curator.release.validation_shapes import PlainShape, implicit_prompt, said
from curator.text import as_seen

_WHOLE = {"torchtune": ("chosen", "rejected"), "ms-swift": ("messages", "rejected_messages")}


class PairChecker(RowChecker):
    """Checks conversations and preferences."""

    def dpo(self, row: dict[str, Any]) -> tuple[Any, Any]:
        """Check a comparison; its prompt and its answers, preferred first, are returned."""
        if self.format == "tinker":
            return self._tinker_dpo(row)
        if self.format == "kto":
            return self._judged(row)
        if self.format in _WHOLE:
            return self._whole(row, *_WHOLE[self.format])
        if self.format in ("openai", "together"):
            value = row.get("input")
            prompt, path = (value.get("messages") if isinstance(value, dict) else None), "input.messages"
            sides = ("preferred_output", "non_preferred_output")
        else:
            path = "prompt" if self.format in ("trl", "parquet") else "messages"
            if self.format in TAGGED_FORMATS and ("conversations" in row or self.format == "sharegpt"):
                path = "conversations"
            prompt, sides = row.get(path), ("chosen", "rejected")
            if self.format == "trl" and path not in row and (opening := implicit_prompt(row)):
                return self._implicit(row, opening)
            if self.format == "llama-factory" and "instruction" in row:
                return self._alpaca_pair(row)
        if prompt is None:
            self.report("missing_side", path)
        elif not (self.format == "trl" and isinstance(prompt, str)):
            self.prompt(prompt, path)
        one, other = (self._side(row, side) for side in sides)
        return prompt, self._differ(one, other, sides[1])

    def _judged(self, row: dict[str, Any]) -> tuple[Any, Any]:
        """One answer, and whether it is wanted; nothing on other lines contradicts it."""
        for key in ("prompt", "completion"):
            if key not in row:
                self.report("missing_side", key)
        if isinstance(row.get("prompt"), list):
            self.prompt(row["prompt"], "prompt")
        elif "prompt" in row and not isinstance(row["prompt"], str):
            self.report("missing_messages", "prompt")
        if "completion" in row:
            self.completion(row["completion"], "completion")
        if not isinstance(row.get("label"), bool):
            self.report("label_not_bool", "label")
        return None, None

    def _whole(self, row: dict[str, Any], chosen: str, rejected: str) -> tuple[Any, Any]:
        """Two conversations, each with its answer."""
        if self.format == "ms-swift" and isinstance(row.get("rejected_response"), str) and row.get(chosen):
            row = {**row, rejected: [*row[chosen][:-1], {"role": "assistant", "content": row["rejected_response"]}]}
        one, other = row.get(chosen), row.get(rejected)
        for key, turns in ((chosen, one), (rejected, other)):
            if turns is None:
                self.report("missing_side", key)
                continue
            roles = self.messages(turns, key)
            if roles and roles[-1] != "assistant":
                self.report("last_not_assistant", f"{key}[{len(roles) - 1}].role")
        if not (isinstance(one, list) and isinstance(other, list) and one and other):
            return None, None
        preferred, other = ([as_seen(str(said(each[-1])))] for each in (one, other))
        return one[:-1], self._differ(preferred, other, rejected)

    def _implicit(self, row: dict[str, Any], opening: int) -> tuple[Any, Any]:
        """TRL finds the prompt itself, as what both answers begin with."""
        prompt = row["chosen"][:opening]
        if not isinstance(prompt, str):
            self.prompt(prompt, "chosen")
        one, other = (self.completion(row[side][opening:], side, opening) for side in ("chosen", "rejected"))
        return prompt, self._differ(one, other, "rejected")

    def _alpaca_pair(self, row: dict[str, Any]) -> tuple[Any, Any]:
        prompt, _ = self.plain(row, PlainShape(("instruction", "chosen", "rejected"), ("input", "system"), "chosen"))
        one, other = (as_seen(row[k]) if isinstance(row.get(k), str) else None for k in ("chosen", "rejected"))
        return {k: v for k, v in prompt.items() if k != "rejected"}, self._differ(one, other, "rejected")

    def _tinker_dpo(self, row: dict[str, Any]) -> tuple[Any, Any]:
        comparison = row.get("comparison")
        if not isinstance(comparison, dict):
            self.report("missing_side", "comparison")
            return None, None
        if "prompt_conversation" not in comparison:
            self.report("missing_side", "comparison.prompt_conversation")
        else:
            self.prompt(comparison["prompt_conversation"], "comparison.prompt_conversation")
        one, other = (self._side(comparison, side, "comparison.") for side in ("completion_A", "completion_B"))
        label = row.get("label")
        if isinstance(label, str) and label.casefold() == "tie":
            self.report("tie", "label")
        elif label not in ("A", "B"):
            self.report("label_not_ab", "label")
        answers = self._differ(one, other, "comparison.completion_B")
        return comparison.get("prompt_conversation"), answers if label == "A" else answers and answers[::-1]

    def _side(self, row: dict[str, Any], name: str, prefix: str = "") -> Any:  # noqa: ANN401 - any JSON value
        value = row.get(name)
        if value is None:
            self.report("missing_side", prefix + name)
            return None
        return self.completion(value, prefix + name)

    def _differ(self, one: Any, other: Any, path: str) -> tuple[Any, Any] | None:  # noqa: ANN401 - any JSON value
        if one is None or other is None:
            return None
        if canonical(one) == canonical(other):
            self.report("identical", path)
        return one, other
