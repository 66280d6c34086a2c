"""What the API and the console share: the session of a request, errors, limits, forms, charts."""
