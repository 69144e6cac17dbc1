"""A pretend Fulfil: sales, stock and shipments behind its model API v2."""

from sandbox.fulfil.books import Switches
from sandbox.fulfil.pushes import Push
from sandbox.fulfil.server import Fulfil

__all__ = ["Fulfil", "Push", "Switches"]
