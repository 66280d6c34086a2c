"""Channels probed as a player would: playlist, newest segment, and whether both come in time (docs/streams.md)."""
