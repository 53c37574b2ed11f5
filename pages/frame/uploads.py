"""How much may be uploaded: by one user, and by everybody together, while the server holds it in memory."""

import threading
from dataclasses import dataclass

from streamlit import config, runtime

ONE = 500 * 1024**2
"""Bytes that the uploads of one user may take at a time."""
ALL = 2 * 1024**3
"""Bytes that all uploads may take at a time."""


@dataclass(frozen=True, slots=True)
class _Held:
    who: str
    size: int
    arriving: bool


class Uploads:
    """A ledger of what the server holds. A file that a session let go of no longer counts."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    def reserve(self, who: str, place: str, declared: str | None) -> str | None:
        """Make room for a file that is about to come, or say why there is none.

        Args:
            who: The user; everybody is one where there is no sign-in.
            place: Session and file, as the address has them.
            declared: The request's length in bytes, as it says; without one the largest is assumed.
        """
        largest = int(config.get_option("server.maxUploadSize")) * 1024**2
        size = int(declared) if declared is not None and declared.isascii() and declared.isdigit() else largest
        size = min(size, largest)
        with self._lock:
            self._held = {at: held for at, held in self._held.items() if held.arriving or _is_there(at)}
            others = [held for at, held in self._held.items() if at != place]
            if sum(held.size for held in others if held.who == who) + size > ONE:
                return f"Your uploads would hold more than {ONE // 1024**2} MB; remove one, or reload the page."
            if sum(held.size for held in others) + size > ALL:
                return f"All uploads together would hold more than {ALL // 1024**2} MB; try again later."
            self._held[place] = _Held(who, size, arriving=True)
        return None

    def settle(self, place: str, *, taken: bool) -> None:
        """Note that a file has come, or has not."""
        with self._lock:
            held = self._held.pop(place, None)
            if held is not None and taken:
                self._held[place] = _Held(held.who, held.size, arriving=False)


def _is_there(place: str) -> bool:
    """Whether the server still holds a file."""
    session, _, file = place.partition("/")
    if not runtime.exists():
        return True
    return bool(runtime.get_instance().uploaded_file_mgr.get_files(session, [file]))
