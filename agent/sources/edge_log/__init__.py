"""Sessions, viewers and traffic counted from an edge's access log by the published definition (docs/sessions.md)."""
