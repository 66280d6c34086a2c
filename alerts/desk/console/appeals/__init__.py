"""Appeals on the console: registration by keyboard, the list of each role, an appeal with its next steps."""
