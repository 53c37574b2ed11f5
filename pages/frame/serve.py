"""Start the app's server: `python -m pages.frame.serve [options of streamlit run]`.

(`streamlit run streamlit_app.py` works as well, but without the door and the security headers of `pages.frame.asgi`.)
"""

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

from streamlit.web import cli

from pipelines.runtime.private import private_process

APP = Path(__file__).resolve().with_name("asgi.py")
ARENA_MAX, ARENAS = -8, 2
"""glibc's name for how many pools of memory threads are spread over (8 for each core by itself), and how many we want:
each run of a page is a thread, and what it gives back to its pool no other pool can use, so that a server grows."""


def main(options: list[str]) -> None:
    """Serve until the process is ended."""
    with suppress(OSError, AttributeError):  # another C library has no such setting
        ctypes.CDLL(None).mallopt(ARENA_MAX, ARENAS)
    with private_process():
        cli.main(["run", str(APP), *options])


if __name__ == "__main__":
    main(sys.argv[1:])
