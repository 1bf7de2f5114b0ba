"""IPsec (RFC 4301 to 4303) of end nodes and gateways."""
