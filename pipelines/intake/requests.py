"""Requests to a paid teacher: asked at once, each answer kept as it arrives, so that nothing is paid twice."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic

from curator.errors import TeacherError
from curator.ports import PaidTeacher, TeacherAnswer

KEEP_S = 0.5
"""Answers are written to the store so often; until then the journal has them."""
_GIVE_UP_S = 30.0
"""On an end before time, requests under way are waited for so long: they are paid."""


@dataclass(frozen=True, slots=True)
class TeacherRequest:
    """One thing that a teacher is asked, for every row that asks the same.

    Attributes:
        key: Hash of what the teacher sees, and of the number of the draw.
        prompt: The whole prompt.
        sample: Number of the draw, from 0.
        example_ids: The rows that it is asked for.
        idempotency: The same for the same request that is sent once more, another for one that is retried on purpose.
    """

    key: str
    prompt: str
    sample: int
    example_ids: tuple[str, ...]
    idempotency: str


Ended = tuple[TeacherRequest, TeacherAnswer]


class Journal:
    """A file that holds answers from the moment they arrive until the store has them; a kill loses none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, key: str, answer: TeacherAnswer) -> None:
        """Write one answer, in one call of the system."""
        os.write(self._handle, (json.dumps([key, asdict(answer)], ensure_ascii=False) + "\n").encode())

    def left(self) -> Iterator[tuple[str, TeacherAnswer]]:
        """What an earlier run had received and not brought into the store; a line that a kill cut short is none."""
        for line in self.path.read_bytes().splitlines():
            try:
                key, answer = json.loads(line)
            except ValueError:
                continue
            yield key, TeacherAnswer(**answer)

    def clear(self) -> None:
        """The store has everything."""
        os.truncate(self.path, 0)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._handle)


@contextmanager
def journal(path: Path) -> Iterator[Journal]:
    """The journal for the length of a block."""
    made = Journal(path)
    try:
        yield made
    finally:
        made.close()


class _Work:
    """What the asking threads share: the next request, the answers, and whether to go on."""

    def __init__(self, todo: Sequence[TeacherRequest], teacher: PaidTeacher, kept: Journal) -> None:
        self.turn, self.lock = iter(todo), threading.Lock()
        self.teacher, self.journal = teacher, kept
        self.ended: SimpleQueue[Ended | TeacherError | None] = SimpleQueue()
        self.stop = threading.Event()

    def __call__(self) -> None:
        try:
            while not self.stop.is_set():
                with self.lock:
                    request = next(self.turn, None)
                if request is None:
                    return
                answer = self.teacher.ask(request.prompt, sample=request.sample, idempotency=request.idempotency)
                if answer.status != "failed":  # a failure was not paid for, and may be an outage of the whole
                    self.journal.add(request.key, answer)
                self.ended.put((request, answer))
        except TeacherError as error:
            self.stop.set()
            self.ended.put(error)
        except BaseException as error:
            self.stop.set()
            self.ended.put(TeacherError(f"asking the teacher failed: {type(error).__name__}: {error}"))
        finally:
            self.ended.put(None)


def ask_all(
    todo: Sequence[TeacherRequest],
    teacher: PaidTeacher,
    kept: Journal,
    *,
    concurrency: int,
    keep: Callable[[list[Ended]], None],
    progress: Callable[[int], None],
    may_ask: Callable[[TeacherAnswer], bool],
) -> None:
    """Ask everything, so many at once; no slow answer delays another.

    Requests that fail one after the other, more than are under way at once, are an outage: they are not kept as failed,
    and a rerun asks for them.

    Args:
        todo: What to ask, in order.
        teacher: Who is asked.
        kept: Where answers stand until `keep` has returned.
        concurrency: Requests under way at once.
        keep: Brings answers into the store.
        progress: Told how many requests have ended.
        may_ask: Whether to go on after an answer.

    Raises:
        TeacherError: The teacher cannot be asked at all; what it answered is kept.
    """
    work = _Work(todo, teacher, kept)
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(concurrency, len(todo)))]
    for thread in threads:
        thread.start()
    try:
        _collect(work, len(threads), concurrency, keep, progress, may_ask)
    except BaseException:
        work.stop.set()
        limit = monotonic() + _GIVE_UP_S
        for thread in threads:
            thread.join(max(0.0, limit - monotonic()))
        keep([each for each in _drain(work) if isinstance(each, tuple) and each[1].status != "failed"])
        raise


def _collect(
    work: _Work,
    running: int,
    concurrency: int,
    keep: Callable[[list[Ended]], None],
    progress: Callable[[int], None],
    may_ask: Callable[[TeacherAnswer], bool],
) -> None:
    waiting: list[Ended] = []
    failed: list[Ended] = []
    error: TeacherError | None = None
    ended, last = 0, monotonic()
    while running:
        try:
            each = work.ended.get(timeout=KEEP_S)
        except Empty:
            each = ()  # type: ignore[assignment]  # nothing came in this time
        if each is None:
            running -= 1
        elif isinstance(each, TeacherError):
            error = error or each
        elif each:
            ended += 1
            if each[1].status == "failed":
                failed.append(each)
            else:
                waiting += [*failed, each]  # the teacher answers others: those failed by themselves
                failed = []
            if len(failed) > concurrency and error is None:
                error = _outage(work.teacher, failed)
                work.stop.set()
            progress(ended)
            if not may_ask(each[1]):
                work.stop.set()
        if waiting and (monotonic() - last > KEEP_S or not running):
            keep(waiting)
            waiting, last = [], monotonic()
    waiting += [] if error is not None else failed
    if waiting:
        keep(waiting)
    if error is not None:
        raise error


def _outage(teacher: PaidTeacher, failed: Sequence[Ended]) -> TeacherError:
    return TeacherError(
        f"teacher {teacher.name!r} at {teacher.version}: {len(failed)} requests in a row failed, the last: "
        f"{failed[-1][1].error}; check the address and the server; a rerun asks only for what is missing"
    )


def _drain(work: _Work) -> Iterator[Ended | TeacherError | None]:
    while True:
        try:
            yield work.ended.get_nowait()
        except Empty:
            return
