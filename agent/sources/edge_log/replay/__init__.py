"""`ott-agent replay`: the same counts from log files, as JSON lines."""
