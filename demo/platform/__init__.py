"""The OTT platform in miniature that the demo watches: packager, edges, viewers, middleware. It knows no monitoring."""
