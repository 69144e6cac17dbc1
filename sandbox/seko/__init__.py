"""A pretend SEKO: the iHub with its web orders, stock, cancellations and pushes, and the reads of the legacy hub."""

from sandbox.seko.pushes import Switches
from sandbox.seko.server import Seko

__all__ = ["Seko", "Switches"]
