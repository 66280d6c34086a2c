"""Collectors of the host: /proc, /sys and systemd, one file per source."""
