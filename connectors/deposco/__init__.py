"""Deposco: sales orders in; dispatches, stock levels, items and the state of picking out."""

from connectors.deposco.connector import Deposco

__all__ = ["Deposco"]
