"""A pretend Mirakl marketplace (seller API): orders with acceptance and payment, shipments, offers, stock files."""

from sandbox.mirakl.server import Account, Mirakl
from sandbox.mirakl.state import Operator

__all__ = ["Account", "Mirakl", "Operator"]
