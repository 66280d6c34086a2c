"""What machines talk to: the webhook, TMF621, and the addresses for operating the desk."""
