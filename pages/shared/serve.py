"""Start the app's server: `python -m pages.shared.serve [options of streamlit run]`.

Until the entry script has run once, Streamlit takes a folder named `pages` beside it for its old way of finding
pages: a deep link or a reconnecting browser would be told that the page does not exist. Saying so before the
first visit avoids that. (`streamlit run streamlit_app.py` works as well, but for that message.)
"""

import sys
from pathlib import Path

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

ENTRY = Path(__file__).resolve().parents[2] / "streamlit_app.py"


def main(options: list[str]) -> None:
    """Serve until the process is ended."""
    PagesManager.uses_pages_directory = False
    cli.main(["run", str(ENTRY), *options])


if __name__ == "__main__":
    main(sys.argv[1:])
