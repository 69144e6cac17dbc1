"""A pretend Deposco: the V2 API for items, orders and shipments, and V1 for what V2 cannot read."""

from sandbox.deposco.access import Credentials
from sandbox.deposco.server import Deposco
from sandbox.deposco.tenant import Switches

__all__ = ["Credentials", "Deposco", "Switches"]
