"""A pretend Cin7 Core: sales, stock and fulfilment behind its External API v2."""

from sandbox.cin7_core.company import Switches
from sandbox.cin7_core.server import Cin7Core

__all__ = ["Cin7Core", "Switches"]
