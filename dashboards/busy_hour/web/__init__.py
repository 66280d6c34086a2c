"""Pages and JSON for other programs."""
