"""The channels: a mosaic of all, and a page for each."""
