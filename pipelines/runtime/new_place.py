"""Files and folders that a command is told to make, wherever on this machine."""

from pathlib import Path

from curator.records import check_shown


def check_new(place: Path, what: str) -> Path:
    """See that what would be made there has a name that shows as what it is; folders that are there are left alone.

    Args:
        place: The file or folder, of which folders above may have to be made too.
        what: What it is, for the message.

    Raises:
        RequestError: A name with control or direction characters, or one that is too long.
    """
    for each in (place, *place.parents):
        if _is_there(each):
            break
        check_shown(each.name, what)
    return place


def _is_there(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:  # a name that the system does not take is of nothing that is there
        return False
