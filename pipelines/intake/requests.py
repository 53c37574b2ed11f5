"""Requests to a paid teacher: asked at once, each answer kept as it arrives, so that nothing is paid twice."""

import heapq
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Final

from curator.errors import TeacherError
from curator.ports import PaidTeacher, TeacherAnswer
from pipelines.intake.pace import Pace, backoff_s

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
        images: Addresses or data URLs, in the order in which the prompt marks them.
    """

    key: str
    prompt: str
    sample: int
    example_ids: tuple[str, ...]
    idempotency: str
    images: tuple[str, ...] = ()


Ended = tuple[TeacherRequest, TeacherAnswer]


class Spending:
    """What a run has paid, held under its budget before each request. Not safe for threads: its user locks.

    Attributes:
        spent: US dollars so far; None before anything was paid, or where no price is known.
        stopped: Whether requests were left for the budget.
    """

    def __init__(self, budget_usd: float | None, each_usd: float | None) -> None:
        """Begin to count.

        Args:
            budget_usd: None for no limit.
            each_usd: What one request is expected to cost, until one is measured.
        """
        self.budget, self.spent, self.stopped = budget_usd, None, False  # type: float | None, float | None, bool
        self._each, self._dearest = each_usd or 0.0, 0.0

    def paid(self, usd: float | None) -> None:
        """Count an answer."""
        if usd is not None:
            self.spent = (self.spent or 0.0) + usd
            self._dearest = max(self._dearest, usd)

    def may_ask(self, under_way: int) -> bool:
        """Whether one more request fits, if it and those under way cost as much as the dearest so far."""
        if self.budget is None:
            return True
        each = self._dearest or self._each
        return (self.spent or 0.0) + (under_way + 1) * each <= self.budget


class Journal:
    """A file that holds answers from the moment they arrive until the store has them; a kill loses none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = self._open()
        if (there := path.read_bytes()) and not there.endswith(b"\n"):
            os.write(self._handle, b"\n")  # a line that was cut short must not swallow the next answer

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

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

    def clear(self, *, but: Mapping[str, TeacherAnswer]) -> None:
        """Forget what the store has: everything but these answers."""
        if not but:
            os.truncate(self.path, 0)
            return
        spare = self.path.with_suffix(".part")
        spare.touch(mode=0o600)
        with spare.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps([key, asdict(each)], ensure_ascii=False) + "\n" for key, each in but.items())
            out.flush()
            os.fsync(out.fileno())
        spare.replace(self.path)
        os.close(self._handle)
        self._handle = self._open()

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


MOST_TRIES: Final[Mapping[str, int]] = {"busy": 12, "fault": 6, "slow": 3}
"""How often a request is sent that a server turns away (429), fails, or leaves without an answer until time is up."""


FAULTS_OF_AN_OUTAGE: Final = 2
"""So many failures for each place, without one answer between them, are an outage: waiting for it helps nobody."""


@dataclass(order=True, slots=True)
class _Again:
    """A request that is to be sent once more, at a time of the monotonic clock."""

    due: float
    number: int
    request: TeacherRequest = field(compare=False)
    tries: int = field(compare=False)


class _Work:
    """What the asking threads share: the next request, those that come again, the answers, and whether to go on.

    A request that waits to be sent again holds no thread: slow answers and waits delay nobody.
    """

    def __init__(
        self,
        todo: Sequence[TeacherRequest],
        teacher: PaidTeacher,
        kept: Journal,
        concurrency: int,
        spending: Spending,
    ) -> None:
        self.turn, self.changed = iter(todo), threading.Condition()
        self.teacher, self.journal, self.spending = teacher, kept, spending
        self.ended: SimpleQueue[Ended | TeacherError | None] = SimpleQueue()
        self.stop = threading.Event()
        self.pace = Pace(concurrency)
        self._again: list[_Again] = []
        self._active = self._number = 0
        self._faults = 0
        self._dry = False

    def __call__(self) -> None:
        try:
            while (each := self._next()) is not None:
                request, tries = each
                answer = self._ask(request)
                if not self._comes_again(request, tries + 1, answer):
                    self._end(request, answer)
        except TeacherError as error:
            self._halt(error)
        except BaseException as error:
            self._halt(TeacherError(f"asking the teacher failed: {type(error).__name__}: {error}"))
        finally:
            self.ended.put(None)

    def _ask(self, request: TeacherRequest) -> TeacherAnswer:
        told = (request.sample, request.idempotency)
        if strange := next((url for url in request.images if not url.startswith(("https:", "http:", "data:"))), None):
            why = f"the image {strange[:80]!r} is neither an address nor a data URL, so no teacher can see it"
            return TeacherAnswer("", status="failed", error=why)
        if not request.images:
            return self.teacher.ask(request.prompt, sample=told[0], idempotency=told[1])
        return self.teacher.ask(request.prompt, sample=told[0], idempotency=told[1], images=request.images)

    def _end(self, request: TeacherRequest, answer: TeacherAnswer) -> None:
        if answer.status != "failed":  # a failure was not paid for, and may be an outage of the whole
            self.journal.add(request.key, answer)
        with self.changed:
            self.spending.paid(answer.cost_usd)
            self._active -= 1
            self.changed.notify_all()
        self.ended.put((request, answer))

    def _halt(self, error: TeacherError) -> None:
        self.stop.set()
        self.ended.put(error)
        with self.changed:
            self.changed.notify_all()

    def _next(self) -> tuple[TeacherRequest, int] | None:
        """The next request with how often it was sent, once it may be sent; None where there is no more."""
        with self.changed:
            while not self.stop.is_set():
                now = monotonic()
                free = self._active < self.pace.at_once and now >= self.pace.hold_until
                if free and (found := self._ready(now)) is not None:
                    self._active += 1
                    return found
                if self._dry and not self._again and not self._active:
                    break
                self.changed.wait(self._patience(now))
            self.changed.notify_all()
            return None

    def _ready(self, now: float) -> tuple[TeacherRequest, int] | None:
        if self._again and self._again[0].due <= now:
            each = heapq.heappop(self._again)
            return each.request, each.tries
        if self._dry or len(self._again) >= self.pace.most:  # a server in trouble is not sent ever more
            return None
        if not self.spending.may_ask(self._active):
            self._dry = not self._active and not self._again  # what is under way may cost less than was feared
            self.spending.stopped = self._dry
            return None
        request = next(self.turn, None)
        if request is None:
            self._dry = True
            return None
        return request, 0

    def _patience(self, now: float) -> float:
        due = self._again[0].due if self._again else now + KEEP_S
        return min(KEEP_S, max(0.005, self.pace.hold_until - now, due - now))

    def _comes_again(self, request: TeacherRequest, tries: int, answer: TeacherAnswer) -> bool:
        """Whether the request is to be sent once more; then it is put aside until its time."""
        with self.changed:
            if answer.again is None:
                self.pace.well()
                self._faults = 0
                return False
            self._faults += answer.again != "busy"
            if self._faults > FAULTS_OF_AN_OUTAGE * self.pace.most:
                return False
            now = monotonic()
            self.pace.troubled(now, busy=answer.again == "busy", wait_s=answer.wait_s)
            if tries >= MOST_TRIES[answer.again] or self.stop.is_set():
                return False
            self._number += 1
            heapq.heappush(self._again, _Again(now + backoff_s(tries, answer.wait_s), self._number, request, tries))
            self._active -= 1
            self.changed.notify_all()
            return True


def ask_all(
    todo: Sequence[TeacherRequest],
    teacher: PaidTeacher,
    kept: Journal,
    *,
    concurrency: int,
    keep: Callable[[list[Ended]], None],
    progress: Callable[[int, Pace], None],
    spending: Spending,
) -> Pace:
    """Ask everything, so many at once, fewer where the server is busy; no slow answer delays another.

    Requests that fail one after the other, more than are under way at once, are an outage: they are not kept as failed,
    and a rerun asks for them.

    Args:
        todo: What to ask, in order.
        teacher: Who is asked.
        kept: Where answers stand until `keep` has returned.
        concurrency: Requests under way at once.
        keep: Brings answers into the store.
        progress: Told how many requests have ended, and the pace.
        spending: Whether one more request may be paid for.

    Returns:
        The pace, as it was in the end.

    Raises:
        TeacherError: The teacher cannot be asked at all; what it answered is kept.
    """
    work = _Work(todo, teacher, kept, concurrency, spending)
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(concurrency, len(todo)))]
    for thread in threads:
        thread.start()
    try:
        _collect(work, len(threads), concurrency, keep, progress)
    except BaseException:
        work.stop.set()
        limit = monotonic() + _GIVE_UP_S
        for thread in threads:
            thread.join(max(0.0, limit - monotonic()))
        keep([each for each in _drain(work) if isinstance(each, tuple) and each[1].status != "failed"])
        raise
    return work.pace


def _collect(
    work: _Work,
    running: int,
    concurrency: int,
    keep: Callable[[list[Ended]], None],
    progress: Callable[[int, Pace], None],
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
            progress(ended, work.pace)
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
