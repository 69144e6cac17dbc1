"""Faults of our own software: how one is told, so that it can be found, and nothing of a record is repeated."""

import traceback

SOFTWARE_FAULT = "software_fault"
_OURS = ("connectors", "domain", "expectations", "ledger", "tasks")


def told_of(fault: BaseException) -> str:
    """Return what broke and where, in words. What the exception itself says is left out: it may repeat what a record holds."""
    frames = traceback.extract_tb(fault.__traceback__)
    places = [f"{'/'.join(parts)}:{frame.lineno}" for frame in frames if (parts := _within(frame.filename))]
    return f"our software fails on it ({type(fault).__name__}{f' at {places[-1]}' if places else ''})"


def _within(filename: str) -> list[str]:
    """Return the path of a file of ours from its package on; nothing for a library's."""
    parts = filename.replace("\\", "/").split("/")
    starts = [position for position, part in enumerate(parts[:-1]) if part in _OURS]
    return parts[starts[0] :] if starts and "site-packages" not in parts else []
