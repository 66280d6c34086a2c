"""Reports as JSON, text and HTML."""
