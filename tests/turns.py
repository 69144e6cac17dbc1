"""What is too long for every day: one part of it each day, until all is had."""

import os
from datetime import UTC, datetime

EVERY = bool(os.environ.get("EVERY_TURN"))
"""EVERY_TURN=1 has all of it at once."""
TURN = int(os.environ.get("TURN") or datetime.now(UTC).date().toordinal())
"""Which part it is: the day's, or TURN, which plays a failed one again."""
