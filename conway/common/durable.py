"""What survives a machine that loses power: a file's content is on the disk after its own fsync, its name after its
folder's.
"""

import errno
import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Blocks. Raises OSError, but not where the file system knows no such thing."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(opened)
