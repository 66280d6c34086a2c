"""Where the days come from and where they are kept: queries, imports, the database."""
