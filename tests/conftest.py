"""What every test process does less often: load the authorities of the world, and look for garbage among what stays."""

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest

NOBODY = Path(__file__).with_name("nobody.pem")
"""A certificate to trust in place of all authorities. No test speaks TLS, yet Prefect reads its trust anew for each of its
many clients, in every run: a twentieth of a second of work each time.
"""
os.environ["SSL_CERT_FILE"] = os.environ["PREFECT_API_SSL_CERT_FILE"] = str(NOBODY)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the collector of garbage away from collecting, and later from modules and tests: they live as long as we do."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
