"""Whether a Tinker server answers at all; the client alone would retry for five minutes."""

import os
import socket
from urllib.parse import urlsplit

from curator.errors import TrainerError

LOCAL_RENDERER = "qwen3_instruct"
"""The renderer that the local student's tokenizer is made for."""


def check_reachable(base_url: str | None) -> None:
    """Fail in seconds where nothing listens.

    Args:
        base_url: The server; None is TINKER_BASE_URL. Where neither is set (the service) nothing is checked.

    Raises:
        TrainerError: The connection is refused or times out.
    """
    url = base_url or os.environ.get("TINKER_BASE_URL")
    if url is None:
        return
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=5).close()
    except OSError as error:
        raise TrainerError(
            f"no Tinker server answers at {url} ({error}): start it, correct TINKER_BASE_URL, "
            "or use the local server; a rerun resumes"
        ) from error
