"""Who answers a test split: students, the base model, labelers, endpoints, a cheap baseline."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from curator.errors import NotFoundError, RequestError, without_password
from curator.evaluation import ContestantKind
from curator.ports import Sampler
from curator.records import TrainingRun
from storage.dataset import labels
from storage.engine.store import Store
from storage.release import runs

PROMPTED = "base+rubric"
"""How `--models` names the base model that is given the task's whole prompt."""
BASELINE = "baseline"
"""How it names a logistic regression on embeddings, learnt from the version's train rows."""
ENDPOINT, BARE = "openai:", "openai-bare:"
"""How it names a model behind an OpenAI-compatible server, asked with the rubric, or with the input alone."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model behind an OpenAI-compatible server; `url` None is what OPENAI_BASE_URL says, else OpenAI."""

    model: str
    url: str | None


Endpoints = Callable[[Endpoint], Sampler]
"""Opens an endpoint; only wiring knows how."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who answers: a training run, the untrained base model, a labeler's stored labels, an endpoint, or the baseline.

    Attributes:
        name: What the report calls it.
        run: The training run.
        labeler: Whose stored labels are its answers.
        prompted: It is asked with the rubric, as a teacher is; a student never is, and the bare base model is not.
        endpoint: Whom to ask now.
        baseline: It is a logistic regression on embeddings.
    """

    name: str
    run: TrainingRun | None = None
    labeler: str | None = None
    prompted: bool = False
    endpoint: Endpoint | None = None
    baseline: bool = False

    @property
    def is_base(self) -> bool:
        """The untrained base model."""
        return self.kind == "base"

    @property
    def is_sampled(self) -> bool:
        """It is asked through the student's server."""
        return self.run is not None or self.is_base

    @property
    def is_teacher(self) -> bool:
        """What a student would replace: stored labels, or a model that is asked with the rubric."""
        return self.labeler is not None or (self.endpoint is not None and self.prompted)

    @property
    def kind(self) -> ContestantKind:
        """What sort of contestant it is."""
        if self.run is not None:
            return self.run.kind
        if self.labeler is not None:
            return "labeler"
        if self.endpoint is not None:
            return "endpoint"
        return "baseline" if self.baseline else "base"


def parse_models(text: str, store: Store, dataset: str) -> tuple[Contestant, ...]:
    """Read `student=RUN,base=,prompted=base+rubric,teacher=LABELER,…`. The first is compared with each other one.

    Raises:
        RequestError: Not of that form, or a name twice.
        NotFoundError: No such run or labeler.
    """
    known = labels.labelers(store, dataset)
    made: list[Contestant] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, what = (x.strip() for x in part.partition("="))
        if not equals or not name or name in {c.name for c in made}:
            msg = (
                f"--models: {without_password(part)!r} is not NAME=RUN (each name once), NAME=LABELER, base=, "
                f"NAME={PROMPTED}, NAME={BASELINE} or NAME={ENDPOINT}MODEL@URL"
            )
            raise RequestError(msg)
        made.append(_one(name, what, store, known))
    if not made:
        msg = "--models names nobody; for example student=RUN,base=,teacher=LABELER"
        raise RequestError(msg)
    return tuple(made)


def _one(name: str, what: str, store: Store, known: list[str]) -> Contestant:
    if what == PROMPTED:
        return Contestant(name, prompted=True)
    if what in ("", "base"):
        return Contestant(name)
    if name == "base":
        msg = f"--models base={what}: `base` is the untrained model; call a run or a labeler by another name"
        raise RequestError(msg)
    if what.startswith((ENDPOINT, BARE)):
        return Contestant(name, endpoint=_endpoint(name, what), prompted=what.startswith(ENDPOINT))
    if (found := runs.find(store, what)) is not None:
        if found.sampler_path is None:
            msg = f"--models {name}={what}: the run is {found.status}, it has nothing to sample from"
            raise RequestError(msg)
        return Contestant(name, run=found)
    if what in known:
        return Contestant(name, labeler=what)
    if what == BASELINE:
        return Contestant(name, baseline=True)
    msg = f"--models {name}={what}: neither a training run nor a labeler (there are {', '.join(known)})"
    raise NotFoundError(msg)


def _endpoint(name: str, what: str) -> Endpoint:
    model, at, url = what.split(":", 1)[1].partition("@http")
    url = f"http{url}" if at else ""
    parts = urlsplit(url)
    if not model.strip() or (at and not (parts.scheme in ("http", "https") and parts.hostname)):
        msg = f"--models {name}={without_password(what)}: expected {ENDPOINT}MODEL or {ENDPOINT}MODEL@http://HOST/v1"
        raise RequestError(msg)
    return Endpoint(model.strip(), url or None)
