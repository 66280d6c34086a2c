"""Log formats: every format reads the lines of a chunk as the same columns."""
