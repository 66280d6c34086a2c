"""Texts for people, in any number of languages."""
