"""What every slice stands on: database, migrations, bulk statements, counters, the context of a running desk."""
