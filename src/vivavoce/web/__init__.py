"""REST API, invitations and the built pages."""
