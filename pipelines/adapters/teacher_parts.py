"""What adapters of teachers have in common: images as bytes, keys that are never told, waits that servers ask for."""

import base64
import binascii
import re
from collections.abc import Mapping

from curator.errors import RequestError

_DATA = re.compile(r"data:(?P<kind>[\w.+-]+/[\w.+-]+);base64,(?P<data>.+)", re.DOTALL)
LONGEST_WAIT_S = 120.0


def image_bytes(url: str) -> tuple[str, bytes] | None:
    """Media type and content of a data URL; None for any other address, or one whose content is no base64."""
    found = _DATA.fullmatch(url)
    if found is None:
        return None
    try:
        return found["kind"], base64.b64decode(found["data"], validate=True)
    except (binascii.Error, ValueError):
        return None


def masked(text: object, key: str | None) -> str:
    """What a server said, without the key that it may repeat."""
    said = str(text)
    return said.replace(key, "***") if key else said


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait, by its headers; None where it does not say."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return min(LONGEST_WAIT_S, max(0.0, float(headers[name]) * unit))
        except (KeyError, ValueError):
            continue
    return None


def need_key(teacher: str, key: str | None, variable: str) -> str:
    """The key of a service.

    Raises:
        RequestError: There is none.
    """
    if not key:
        msg = f"teacher {teacher!r} needs a key in {variable}"
        raise RequestError(msg)
    return key


def lacks_package(teacher: str, extra: str) -> RequestError:
    """The error of a teacher whose package is not installed."""
    return RequestError(f"teacher {teacher!r} needs a package that is not installed: pip install 'curator[{extra}]'")
