"""Folders for one user alone. They are looked at and given away by descriptor, and no link is followed: where others
may write to the folder above, what a path means can change between two looks at it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_LINK = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class NotOurs(OSError):
    """Something is in this place that another user made, or that leads elsewhere."""


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """The descriptor of the folder itself; a link in its place is refused."""
    try:
        descriptor = os.open(folder, NO_LINK)
    except OSError as error:
        raise NotOurs(f"{folder} is no folder of its own: {error.strerror}") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def claim(folder: Path, *, owner: int | None = None) -> None:
    """Makes the folder, or takes one that is there, for `owner` (else for us) and nobody else. One that belongs to
    somebody else is refused as it is."""
    ours = os.geteuid()
    owner = ours if owner is None else owner
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass  # by whom, is seen below
    with opened(folder) as descriptor:
        found = os.fstat(descriptor).st_uid
        if found not in (ours, owner):
            raise NotOurs(f"{folder} belongs to another user")
        os.fchmod(descriptor, 0o700)
        if found != owner:
            os.fchown(descriptor, owner, owner)
