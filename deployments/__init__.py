"""Where and for whom: installations, the demo, and images for servers."""
