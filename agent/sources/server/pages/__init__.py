"""The forms that a server's status page has, one module each: what a figure means there, and how it is found."""
