"""Settings, commands, jobs and the service of ott-busyhour."""
