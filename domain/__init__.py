"""What things are, and their arithmetic: pure, no input, no output."""
