"""Cin7 Core: sales orders in; dispatches, stock levels and items out."""

from connectors.cin7_core.connector import Cin7Core

__all__ = ["Cin7Core"]
