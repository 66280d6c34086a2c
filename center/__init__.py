"""ott-center: configures, checks and extends a control centre on this machine."""
