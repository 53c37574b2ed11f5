"""How fast a teacher is asked: fewer requests at once where its server says that they are too many."""

import random
from collections import deque
from typing import Final

_TOO_MANY: Final = 0.25
"""From this share of 429s on, fewer requests are sent at once."""
_FEW: Final = 0.12
"""Up to this share, more are tried again: a server with a quota answers some with 429 at any pace that fills it."""
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 60.0


class Pace:
    """How many requests may be under way, by what came of those before. Not safe for threads: its user locks.

    It multiplies down where a quarter of the newest answers are 429s and climbs again where they are few. Where nothing
    but 429s or faults come, everybody waits, for as long as the server says, else twice as long each time.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self.lowest = most
        self.refused = 0
        self.hold_until = 0.0
        self._newest: deque[bool] = deque(maxlen=max(20, most))
        self._since = self._streak = self._waits = 0

    @property
    def at_once(self) -> int:
        """Requests that may be under way now."""
        return max(1, int(self.limit))

    def well(self) -> None:
        """A request was answered."""
        self._streak = self._waits = 0
        self._note(False)

    def troubled(self, now: float, *, busy: bool, wait_s: float | None) -> None:
        """A request is to be sent once more.

        Args:
            now: By the monotonic clock, in seconds.
            busy: The server says that there are too many (429); else it failed.
            wait_s: As long as it asks to wait; None where it does not say.
        """
        self.refused += busy
        self._streak += 1
        if self._streak >= max(4, self.at_once):
            wait = wait_s if wait_s is not None else min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**self._waits)
            self.hold_until = max(self.hold_until, now + wait)
            self._streak, self._waits = 0, self._waits + 1
            self._set(self.limit / 2)
        self._note(busy)

    def _note(self, busy: bool) -> None:
        self._newest.append(busy)
        self._since += 1
        if self._since < max(10, self.at_once):
            return
        share = sum(self._newest) / len(self._newest)
        if share > _TOO_MANY:
            self._set(self.limit * 0.7)
        elif share < _FEW and self.limit < self.most:
            self._set(self.limit + max(1.0, self.limit / 4))

    def _set(self, limit: float) -> None:
        self.limit = min(float(self.most), max(1.0, limit))
        self.lowest = min(self.lowest, self.at_once)
        self._since = 0
        self._newest.clear()


def backoff_s(tries: int, wait_s: float | None) -> float:
    """Seconds until a request is sent once more, after so many tries: what the server says, else growing, with chance.

    The chance keeps requests that failed together from coming back together.
    """
    if wait_s is not None:
        return wait_s + random.uniform(0.0, 0.25)
    return min(8.0, _FIRST_WAIT_S * float(2 ** (tries - 1))) * random.uniform(0.75, 1.0)
