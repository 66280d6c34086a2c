"""All SQL of the desk. SQLite and PostgreSQL run through the same statements and the same tests."""
