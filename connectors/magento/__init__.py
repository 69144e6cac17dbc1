"""Magento 2.4: the seller's shop as back office."""

from connectors.magento.connector import Magento

__all__ = ["Magento"]
