"""The Edge (Virtualstock) over its REST API, version 4, as a supplier."""

from connectors.virtualstock.connector import Virtualstock

__all__ = ["Virtualstock"]
