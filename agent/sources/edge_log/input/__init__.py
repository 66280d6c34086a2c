"""Where log lines come from: files that are followed through every rotation, and syslog datagrams."""
