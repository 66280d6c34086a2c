"""Messages: a row written in the ticket's transaction, delivered with retries. A dead mail server loses nothing."""
