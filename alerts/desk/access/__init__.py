"""Who may do what: accounts and sessions for people, tokens for machines, roles for both."""
