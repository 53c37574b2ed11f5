"""A project connected to a workspace of its own, with a plan, and the truth about its rows."""

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from curator.records import digest
from pipelines.adapters.argilla import ArgillaBoard
from pipelines.runtime import settings as project_settings
from storage.engine.store import Store
from storage.review import plans
from tests.argilla.annotators import Annotator
from tests.argilla.server import OWNER_KEY, ArgillaServer
from tests.cli.command import Curator, make_project, write_jsonl
from tests.places import SHARED

FLIPPED = 0.05
MANY = 1_200
"""More than two batches."""


@dataclass(frozen=True)
class Lab:
    """What a test of the board works with. `truth` is by the row's own id."""

    curator: Curator
    server: ArgillaServer
    workspace: str
    name: str
    truth: dict[str, str]
    plan: str
    stack: ExitStack

    @property
    def dataset(self) -> str:
        """The board's name for the plan."""
        return f"curator-{self.name}-{self.plan}"

    @property
    def store(self) -> Store:
        """The project's store."""
        return project_settings.load(self.curator.project).store

    def tasks(self) -> list[dict[str, Any]]:
        """The plan's tasks."""
        return list(plans.tasks(self.store, self.plan).iter_rows(named=True))

    def annotator(self, name: str, wrong: float = 0.0) -> Annotator:
        """A new user of the workspace, who errs on this share of the texts."""
        by_text = {t["text"]: self.truth[t["external_id"]] for t in self.tasks()}
        labels = sorted(set(self.truth.values()))
        rng = random.Random(name)
        mistaken = set(rng.sample(sorted(by_text), round(wrong * len(by_text))))

        def says(text: str) -> str:
            right = by_text[text]
            return next(x for x in labels if x != right) if text in mistaken else right

        client = self.server.add_annotator(f"{name}_{self.workspace}", self.workspace)
        return Annotator(self.stack.enter_context(client), says)

    def route(self, *arguments: object) -> Any:
        """`curator route`, which must end well."""
        return self.curator.ok("route", "--plan", self.plan, "--to", "argilla", *arguments)

    def pull(self) -> Any:
        """`curator pull`, which must end well."""
        return self.curator.ok("pull", "--plan", self.plan)

    def board(self) -> ArgillaBoard:
        """The board itself, closed with the test."""
        return self.stack.enter_context(closing(ArgillaBoard(self.server.url, OWNER_KEY, self.workspace)))

    @contextmanager
    def server_dies_after(self, records: int) -> Iterator[None]:
        """Kill the server as soon as it has stored so many records, wherever it is then; start it again at the end."""
        killer = threading.Thread(target=self._kill_after, args=(records,))
        killer.start()
        try:
            yield
        finally:
            killer.join()
            self.server.start()

    def _kill_after(self, records: int) -> None:
        end = time.monotonic() + 60
        with self.server.owner as owner:
            while time.monotonic() < end:
                spaces = owner.get("/api/v1/me/workspaces").json()["items"]
                space = next((s["id"] for s in spaces if s["name"] == self.workspace), None)
                listed = owner.get("/api/v1/me/datasets").json()["items"]
                wanted = (self.dataset, space, "ready")  # a plan of the same rows has the same name in each workspace
                made = next((d["id"] for d in listed if (d["name"], d["workspace_id"], d["status"]) == wanted), None)
                query = {"limit": 1}
                if made and owner.get(f"/api/v1/datasets/{made}/records", params=query).json()["total"] >= records:
                    break
                time.sleep(0.01)
        self.server.kill()


@contextmanager
def open_lab(
    server: ArgillaServer,
    workspace: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    data: str = "support",
    plan: tuple[object, ...] = ("--reviews", 80, "--risk-reviews", 20, "--test-share", 0.1),
) -> Iterator[Lab]:
    """A lab on made-up support questions (242 rows, 13 wrong), Banking77 or `MANY` rows (5 % wrong)."""
    monkeypatch.setenv("ARGILLA_API_KEY", OWNER_KEY)
    monkeypatch.setenv("ARGILLA_API_URL", server.url)
    made_by = {"support": make_project, "banking77": _banking, "many": _many}
    curator, truth = made_by[data](folder)
    space = f"w{digest(workspace)[:8]}"
    file = curator.project / "curator.toml"
    text = file.read_text().replace('# workspace = "curator"', f'workspace = "{space}"')
    file.write_text(f'{text}\nana_{space} = "ana"\n')
    made = curator.ok("plan", "--dataset", data, *plan)
    with ExitStack() as stack:
        yield Lab(curator, server, space, data, truth, made["plan"], stack)


def _banking(folder: Path) -> tuple[Curator, dict[str, str]]:
    source = SHARED / "banking77" / "train.jsonl"
    if not source.exists():
        pytest.skip("Banking77 is not there; CURATOR_SHARED_DATA names the folder that holds it")
    return _flipped(folder, "banking77", [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()])


def _many(folder: Path) -> tuple[Curator, dict[str, str]]:
    says = {"order": "where is parcel number", "refund": "I want my money back for order", "login": "no way in as user"}
    rng = random.Random(3)
    rows = [
        {"id": f"m{i}", "label": (label := rng.choice(sorted(says))), "text": f"{says[label]} {i}"} for i in range(MANY)
    ]
    return _flipped(folder, "many", rows)


def _flipped(folder: Path, name: str, rows: list[dict[str, str]]) -> tuple[Curator, dict[str, str]]:
    """A project whose labels are wrong for 5 % of the rows; and the truth."""
    labels = sorted({row["label"] for row in rows})
    rng = random.Random(7)
    flipped = set(rng.sample(range(len(rows)), round(FLIPPED * len(rows))))
    curator = Curator(folder / "project")
    curator.ok("init")
    task = folder / "task.toml"
    task.write_text(f'name = "intent"\nkind = "classification"\nrubric = "Why?"\nlabels = {json.dumps(labels)}\n')
    given = [
        {
            "id": row["id"],
            "text": row["text"],
            "label": rng.choice([x for x in labels if x != row["label"]]) if i in flipped else row["label"],
        }
        for i, row in enumerate(rows)
    ]
    file = write_jsonl(folder / f"{name}.jsonl", given)
    curator.ok("dataset", "create", name, "--task", task)
    curator.ok("ingest", file, "--dataset", name, "--source", "teacher", "--labeler", "gpt")
    return curator, {row["id"]: row["label"] for row in rows}
