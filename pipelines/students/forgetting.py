"""General prompts to a student and to its base model: what did training take away?"""

from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path

import numpy as np

from curator.errors import NotFoundError, RequestError
from curator.evaluation import Forgetting, Lost, SuitePrompt, compare_kept, parse_prompts, passes, suite_hash
from curator.ports import Completion, Progress, Sampler
from curator.records import TrainingRun
from pipelines.students.asking import answer_prompts
from storage.engine.store import Store

SHIPPED = "general_prompts.jsonl"
_SHOWN = 400  # characters of an answer that a report keeps


@dataclass(frozen=True, slots=True)
class KeptConfig:
    """Who is asked what.

    Attributes:
        run: The student.
        prompts: What both are asked.
        version: The version's number, under which answers are kept.
    """

    run: TrainingRun
    prompts: tuple[SuitePrompt, ...]
    version: int


def load_prompts(more: Path | None = None) -> tuple[SuitePrompt, ...]:
    """The shipped prompts, and those of a file of one's own, which may replace a shipped one by its id.

    Raises:
        RequestError: No such file.
        DataError: A line that is no prompt.
    """
    text = resources.files("pipelines.students").joinpath(SHIPPED).read_text(encoding="utf-8")
    prompts = {each.id: each for each in parse_prompts(text, SHIPPED)}
    if more is not None:
        if not more.is_file():
            msg = f"--prompts {more}: no such file; expected JSON lines with id, category, prompt and pass"
            raise RequestError(msg)
        try:
            added = more.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            msg = f"--prompts {more}: not UTF-8 ({error})"
            raise RequestError(msg) from error
        prompts |= {each.id: each for each in parse_prompts(added, more.name)}
    return tuple(prompts.values())


def run(
    config: KeptConfig,
    store: Store,
    sampler: Sampler,
    *,
    progress: Progress = lambda _done, _total: None,
) -> Forgetting:
    """Ask both, score by rule, compare. What was answered before is not asked again.

    Raises:
        NotFoundError: The student was trained from another base model than the one that would answer.
        TrainerError: The server failed; answers so far are kept.
    """
    student, prompts = config.run, config.prompts
    if Path(student.base_model).name != Path(sampler.base_model).name:
        msg = (
            f"run {student.id} was trained from {student.base_model}, and the server's base model is "
            f"{sampler.base_model}: what it forgot can be told beside its own base alone"
        )
        raise NotFoundError(msg)
    asked, about = {each.id: each.prompt for each in prompts}, suite_hash(prompts)
    said: dict[str, dict[str, Completion]] = {}
    for place, (name, who) in enumerate((("base", None), ("student", student))):
        said[name] = answer_prompts(
            store,
            asked,
            who,
            about=about,
            dataset=student.dataset,
            version=config.version,
            sampler=sampler,
            progress=partial(_part, progress, place),
        )
    passed = {name: np.array([passes(each, given[each.id].text) for each in prompts]) for name, given in said.items()}
    lost = [
        Lost(each.id, each.category, each.prompt, said["student"][each.id].text[:_SHOWN])
        for each, before, now in zip(prompts, passed["base"], passed["student"], strict=True)
        if before and not now
    ]
    return compare_kept(
        passed["base"],
        passed["student"],
        [each.category for each in prompts],
        suite=about,
        lost=lost,
        base_model=Path(student.base_model).name,
    )


def _part(progress: Progress, place: int, done: int, total: int) -> None:
    """Tell the progress of one of the two who are asked."""
    progress(place * total + done, 2 * total)
