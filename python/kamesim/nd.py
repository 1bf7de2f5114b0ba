"""The settings of a node's Neighbor Discovery and address autoconfiguration."""

from __future__ import annotations

from kamesim import errors
from kamesim.settings import Setting, Settings


class NdSettings(Settings):
    """The settings of one node's Neighbor Discovery and autoconfiguration, as `node.nd`; changes take effect at once.

    host.nd.temporary_addresses = True
    host.nd.max_neighbors = 128

    Where a setting says which addresses are formed, or how, it is about those formed from then on.
    """

    # --- Duplicate Address Detection ---------------------------------------------------------------------------------

    dup_addr_detect_transmits = Setting(int, maximum=16)  #: solicitations of a test; 0: no tests (RFC 4862)
    optimistic_dad = Setting(bool)  #: addresses may be used before their test is over (RFC 4429)
    ipv4_probes = Setting(bool)  #: IPv4 addresses are probed before they are used, 4 to 7 s long (RFC 5227)
    enhanced_dad = Setting(bool)  #: a nonce tells looped-back solicitations from others (RFC 7527)

    # --- What routers say --------------------------------------------------------------------------------------------

    accept_router_advertisements = Setting(bool)  #: a host's; a router accepts none
    resilient_router_solicitation = Setting(bool)  #: it asks until a router answers (RFC 7559), else three times
    accept_route_information = Setting(bool)  #: more-specific routes are used (RFC 4191)
    first_hop_by_source = Setting(bool)  #: packets go by a router that advertises their source's prefix (RFC 8028)
    accept_redirects = Setting(bool)  #: a host's; a router accepts none
    send_redirects = Setting(bool)  #: a router's (RFC 4861 section 8.2)

    # --- Addresses ----------------------------------------------------------------------------------------------------

    temporary_addresses = Setting(bool)  #: temporary ones beside the stable ones (RFC 8981)
    prefer_temporary_addresses = Setting(bool)  #: as sources (RFC 6724 section 5, rule 7)
    temp_valid_lifetime = Setting(float, unit="seconds", minimum=60)  #: the most (TEMP_VALID_LIFETIME)
    temp_preferred_lifetime = Setting(float, unit="seconds", minimum=30)  #: the most (TEMP_PREFERRED_LIFETIME)
    stable_privacy = Setting(bool)  #: stable ones with opaque identifiers (RFC 7217), else with modified EUI-64 ones
    subnet_router_anycast = Setting(bool)  #: a router has those of its prefixes (RFC 4291 section 2.6.1)

    # --- Neighbours ---------------------------------------------------------------------------------------------------

    learn_unsolicited = Setting(bool)  #: a router makes entries of advertisements (RFC 9131)
    announce_addresses = Setting(bool)  #: a host tells routers of its new addresses (RFC 9131 section 6.1.2)
    inverse_nd = Setting(bool)  #: inverse solicitations are answered (RFC 3122)
    unsolicited_advertisements = Setting(int, minimum=1, maximum=3)  #: of one event (RFC 4861 section 7.2.6)

    # --- Limits of an interface --------------------------------------------------------------------------------------

    max_neighbors = Setting(int, minimum=4, maximum=2**20)  #: entries of its neighbour cache
    max_incomplete_neighbors = Setting(int, maximum=2**20)  #: of those, without MAC address; 0: a quarter
    max_neighbor_queue = Setting(int, minimum=1, maximum=1024)  #: datagrams that wait for one MAC address
    max_default_routers = Setting(int, minimum=2, maximum=1024)  #: RFC 4861 section 6.3.4: two or more
    max_prefixes = Setting(int, minimum=1, maximum=1024)  #: on its prefix list
    max_autoconfigured_addresses = Setting(int, minimum=1, maximum=1024)  #: temporary ones among them
    max_dns_entries = Setting(int, minimum=3, maximum=255)  #: servers, and search domains (RFC 8106 section 5.3.1)
    max_route_information = Setting(int, minimum=1, maximum=255)  #: more-specific routes

    _part = "nd"

    def _get(self, name: str) -> float:
        return self._node._core.ip6_setting(f"nd.{name}")

    def _set(self, name: str, value: float) -> None:
        if name == "temp_preferred_lifetime" and value > self.temp_valid_lifetime:
            errors.fail(self._what, name, value, f"temp_valid_lifetime, {self.temp_valid_lifetime:g} s, or less")
        if name == "temp_valid_lifetime" and value < self.temp_preferred_lifetime:
            right = f"temp_preferred_lifetime, {self.temp_preferred_lifetime:g} s, or more"
            errors.fail(self._what, name, value, right)
        self._node._core.set_ip6_setting(f"nd.{name}", value)

    def __repr__(self) -> str:
        settings = self._node._core.changed_ip6_settings()
        changed = ", ".join(f"{n.removeprefix('nd.')}={value:g}" for n, value in settings if n.startswith("nd."))
        return f"<nd settings of {self._node.name!r}: {changed or 'defaults'}>"
