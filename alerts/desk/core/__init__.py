"""What every slice uses: database, migrations, bulk statements, settings, counters, texts."""
