"""Who answers a test split: students, the base model, labelers."""

from dataclasses import dataclass
from typing import Literal

from curator.errors import NotFoundError, RequestError
from curator.records import TrainingRun
from storage.dataset import labels
from storage.engine.store import Store
from storage.release import runs

PROMPTED = "base+rubric"
"""How `--models` names the base model that is given the task's whole prompt."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who answers: a training run, the untrained base model, or a labeler with stored labels.

    Attributes:
        name: What the report calls it.
        run: The training run.
        labeler: Whose stored labels are its answers.
        prompted: It is asked with the rubric, as a teacher is; a student never is, and the bare base model is not.
    """

    name: str
    run: TrainingRun | None = None
    labeler: str | None = None
    prompted: bool = False

    @property
    def is_base(self) -> bool:
        """The untrained base model."""
        return self.run is None and self.labeler is None

    @property
    def kind(self) -> Literal["sft", "dpo", "base", "labeler"]:
        """What sort of contestant it is."""
        if self.run is not None:
            return self.run.kind
        return "base" if self.is_base else "labeler"


def parse_models(text: str, store: Store, dataset: str) -> tuple[Contestant, ...]:
    """Read `student=RUN,base=,prompted=base+rubric,teacher=LABELER`. The first is compared with each other one.

    Raises:
        RequestError: Not of that form, or a name twice.
        NotFoundError: No such run or labeler.
    """
    known = labels.labelers(store, dataset)
    made: list[Contestant] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, what = (x.strip() for x in part.partition("="))
        if not equals or not name or name in {c.name for c in made}:
            msg = f"--models: {part!r} is not NAME=RUN (each name once), NAME=LABELER, base= or NAME={PROMPTED}"
            raise RequestError(msg)
        if what == PROMPTED:
            made.append(Contestant(name, prompted=True))
        elif what in ("", "base"):
            made.append(Contestant(name))
        elif name == "base":
            msg = f"--models base={what}: `base` is the untrained model; call a run or a labeler by another name"
            raise RequestError(msg)
        elif (found := runs.find(store, what)) is not None:
            if found.sampler_path is None:
                msg = f"--models {name}={what}: the run is {found.status}, it has nothing to sample from"
                raise RequestError(msg)
            made.append(Contestant(name, run=found))
        elif what in known:
            made.append(Contestant(name, labeler=what))
        else:
            msg = f"--models {name}={what}: neither a training run nor a labeler (there are {', '.join(known)})"
            raise NotFoundError(msg)
    if not made:
        msg = "--models names nobody; for example student=RUN,base=,teacher=LABELER"
        raise RequestError(msg)
    return tuple(made)
