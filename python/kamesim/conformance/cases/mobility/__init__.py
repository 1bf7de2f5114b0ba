"""Suite `mobility`: mobile nodes, home agents and correspondents (RFC 6275), mobile routers (RFC 3963)."""
