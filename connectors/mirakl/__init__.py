"""A Mirakl marketplace, as one of its shops."""

from connectors.mirakl.connector import Mirakl

__all__ = ["Mirakl"]
