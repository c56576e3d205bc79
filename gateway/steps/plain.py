"""Opening a file where others may write: a plain one, or none.

Whoever may write to a folder may put a link or a pipe there at any moment, also between a look and an opening: so what was
opened is looked at, a link is not followed, and a pipe keeps nobody waiting for its writer.
"""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def open_plain(path: Path) -> BufferedReader:
    """A plain file, read only. Raises OSError for anything else, whose text names the path."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no plain file")
    return os.fdopen(descriptor, "rb")
