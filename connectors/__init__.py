"""How each system is spoken to; the only sockets of the project."""
