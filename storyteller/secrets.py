"""A secret key for machines whose owner did not choose one: made once, kept beside the data."""

import fcntl
import os
import secrets
from pathlib import Path


def stored_secret_key(data_dir: Path) -> str:
    """The key in `data_dir/secret_key`, made on first use and readable by its owner only."""
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "secret_key", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        # Of processes that start at once, one makes the key, and the others read the whole of it.
        fcntl.flock(file, fcntl.LOCK_EX)
        key = file.read().strip()
        if not key:
            key = secrets.token_urlsafe(50)
            file.write(key)
    return key
