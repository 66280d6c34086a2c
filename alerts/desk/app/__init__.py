"""The program: settings file, wiring, background jobs, commands. Nothing imports this folder."""
