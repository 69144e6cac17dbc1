"""Fulfil: sales orders in; dispatches, stock levels, items and news out."""

from connectors.fulfil.connector import Fulfil

__all__ = ["Fulfil"]
