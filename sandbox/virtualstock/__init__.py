"""A pretend The Edge (Virtualstock REST v4): orders, stock, dispatch and cancellations of several suppliers."""

from sandbox.virtualstock.server import Account, Virtualstock

__all__ = ["Account", "Virtualstock"]
