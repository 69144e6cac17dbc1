"""SEKO: sales orders in; dispatches and stock levels out, and pushes that bring what no read gives."""

from connectors.seko.connector import Seko

__all__ = ["Seko"]
