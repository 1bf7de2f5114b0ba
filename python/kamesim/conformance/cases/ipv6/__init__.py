"""Suite `ipv6`: hosts and routers."""
