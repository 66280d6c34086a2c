"""Sessions, viewers and traffic counted from log lines in the log's own time."""
