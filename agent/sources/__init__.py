"""Sources with settings, one folder each."""
