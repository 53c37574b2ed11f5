"""Start the app's server: `python -m pages.frame.serve [options of streamlit run]`.

(`streamlit run streamlit_app.py` works as well, but without the door and the security headers of `pages.frame.asgi`.)
"""

import sys
from pathlib import Path

from streamlit.web import cli

from pipelines.runtime.private import private_process

APP = Path(__file__).resolve().with_name("asgi.py")


def main(options: list[str]) -> None:
    """Serve until the process is ended."""
    with private_process():
        cli.main(["run", str(APP), *options])


if __name__ == "__main__":
    main(sys.argv[1:])
