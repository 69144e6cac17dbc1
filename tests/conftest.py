"""What every test process does less often: load the authorities of the world, wait for the disk, look for garbage that stays."""

import gc
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

NOBODY = Path(__file__).with_name("nobody.pem")
"""A certificate to trust in place of all authorities. No test speaks TLS, yet Prefect reads its trust anew for each of its
many clients, in every run: a twentieth of a second of work each time.
"""
os.environ["SSL_CERT_FILE"] = os.environ["PREFECT_API_SSL_CERT_FILE"] = str(NOBODY)

MEMORY, ROOM = "/dev/shm", 4 * 2**30  # noqa: S108 - every folder that is made in it is somebody's own
"""Where temporary folders are, if there is room for the session's databases: on a disk each of their commits waits."""
if "TMPDIR" not in os.environ and Path(MEMORY).is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ["TMPDIR"] = tempfile.tempdir = MEMORY  # a child process asks the one, this process the other


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the collector of garbage away from collecting, and later from modules and tests: they live as long as we do."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
