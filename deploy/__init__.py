"""What brings ottwatch to machines: packages, units, configuration of Prometheus, containers, Ansible."""
