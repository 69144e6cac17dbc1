"""Sellers' worlds: customers, other channels, a warehouse and trouble, acting on the pretend systems."""

from sandbox.world.day import Office
from sandbox.world.plan import Plan, Trouble
from sandbox.world.world import World

__all__ = ["Office", "Plan", "Trouble", "World"]
