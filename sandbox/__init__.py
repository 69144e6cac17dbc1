"""Pretend systems for the demo, the tests and training; imports nothing else of this project."""
