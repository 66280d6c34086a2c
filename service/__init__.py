"""What every program of ottwatch shares: settings, logs, the command line, metrics, systemd. It knows none of them."""

# Stated here, not looked up: reading an installed package's metadata takes a mebibyte of modules.
__version__ = "0.1.0"
