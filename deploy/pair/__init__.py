"""Two machines that back each other up: their settings, and the whole pair on loopback addresses."""
