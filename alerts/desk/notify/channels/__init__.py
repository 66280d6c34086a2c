"""One file for each way a message leaves the desk."""
