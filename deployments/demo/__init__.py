"""The demo: two sellers trade through a compressed day, with trouble, on this machine alone."""
