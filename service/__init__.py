"""What every program of ottwatch shares: settings, logs, the command line, metrics, systemd. It knows none of them."""
