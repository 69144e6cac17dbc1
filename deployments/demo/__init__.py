"""The demo: five sellers trade through a compressed day, with trouble, on this machine alone."""
