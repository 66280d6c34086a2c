"""Kinds of tickets beside incidents: what each brings to the program, in a module or a folder of its own."""
