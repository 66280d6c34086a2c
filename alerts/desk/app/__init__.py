"""The program: wiring, background jobs, commands. Nothing imports this folder."""
