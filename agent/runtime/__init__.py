"""What runs the collectors: jobs with deadlines, the exposition, the HTTP server, the state file."""
