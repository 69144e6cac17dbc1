"""A pretend Magento 2.4 shop."""

from sandbox.magento.calls import InputLimits
from sandbox.magento.oauth import Credentials
from sandbox.magento.system import Magento

__all__ = ["Credentials", "InputLimits", "Magento"]
