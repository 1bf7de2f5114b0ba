// Many nodes, links and LANs in one call, of columns of numbers; and what the network's memory goes to.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <utility>

#include "python/kamesim/bindings/world.h"
#include "sim/lan.h"
#include "sim/link.h"
#include "sim/node.h"

namespace kamesim::python {

namespace {

template <typename T>
using Column = py::array_t<T, py::array::c_style | py::array::forcecast>;
using Index = std::int64_t;

// A column that has a value for each row, or one for all.
template <typename T>
class Values {
 public:
  explicit Values(const Column<T>& column)
      : column_(column), data_(column.data()), step_(column.size() > 1 ? 1 : 0) {}
  T operator[](std::size_t row) const { return data_[row * step_]; }

 private:
  Column<T> column_;  // keeps it alive
  const T* data_;
  std::size_t step_;
};

struct Channels {
  Channels(const Column<std::uint64_t>& rate, const Column<std::int64_t>& delay, const Column<std::int64_t>& jitter,
           const Column<double>& loss, const Column<std::uint32_t>& mtu, const Column<std::uint32_t>& queue)
      : rate_bps(rate), delay_ns(delay), jitter_ns(jitter), loss(loss), mtu(mtu), queue_limit(queue) {}
  LinkConfig operator[](std::size_t row) const {
    return {.rate_bps = rate_bps[row], .delay = Duration::nanoseconds(delay_ns[row]),
            .jitter = Duration::nanoseconds(jitter_ns[row]), .loss = loss[row], .mtu = mtu[row],
            .queue_limit = queue_limit[row]};
  }
  Values<std::uint64_t> rate_bps;
  Values<std::int64_t> delay_ns, jitter_ns;
  Values<double> loss;
  Values<std::uint32_t> mtu, queue_limit;
};

std::string nth_name(const std::string& word, std::uint64_t number) { return word + std::to_string(number); }

// The number of the first.
std::size_t add_hosts(World& world, const std::string& word, std::uint64_t first, const Column<bool>& forwarding,
                      std::size_t count, unsigned dup_addr_detect_transmits, bool optimistic_dad, bool trace,
                      bool drop_trace) {
  const Values<bool> is_router(forwarding);
  const py::gil_scoped_release release;
  const std::size_t begin = world.hosts.size();
  for (std::size_t i = 0; i < count; ++i) {
    Node& node = world.simulation.add_node(nth_name(word, first + i));
    world.hosts.push_back(std::make_unique<Host>(
        node, Ip6Config{.forwarding = is_router[i],
                        .accept_router_advertisements = !is_router[i],
                        .dup_addr_detect_transmits = dup_addr_detect_transmits,
                        .optimistic_dad = optimistic_dad}));
    if (trace) node.enable_trace();
    if (drop_trace) node.enable_drop_trace();
  }
  return begin;
}

// Address `number` of the `row`th /64 from that one on.
Ipv6Address address_in(std::uint64_t first_prefix, std::size_t row, std::uint64_t number) {
  return Ipv6Address::from_halves(first_prefix + row, number);
}

// As Network.link makes them, one after the other. The number of the first among the media.
std::size_t add_links(World& world, const std::string& word, std::uint64_t first, const Column<Index>& a,
                      const Column<Index>& b, const Channels& channels, std::optional<std::uint64_t> first_prefix,
                      bool default_routes) {
  const Index* ends[] = {a.data(), b.data()};
  const auto count = static_cast<std::size_t>(a.size());
  const py::gil_scoped_release release;
  const std::size_t begin = world.simulation.media().size();
  for (std::size_t i = 0; i < count; ++i) {
    Nic* nics[2];
    EthernetInterface* interfaces[2];
    for (const int end : {0, 1}) {
      Host& host = *world.hosts[static_cast<std::size_t>(ends[end][i])];
      nics[end] = &host.node().add_nic();
      interfaces[end] = &host.add_interface(*nics[end]);
    }
    auto& link = world.simulation.add_medium<PointToPointLink>(nth_name(word, first + i), channels[i]);
    link.attach(*nics[0]);
    link.attach(*nics[1]);
    if (!first_prefix) continue;
    for (const int end : {0, 1}) {
      interfaces[end]->stack().add_address(
          *interfaces[end], {.address = address_in(*first_prefix, i, static_cast<std::uint64_t>(end) + 1)});
    }
    if (default_routes && !interfaces[1]->stack().forwarding()) {
      interfaces[1]->stack().add_route(
          {.prefix = {}, .interface = interfaces[1], .next_hop = address_in(*first_prefix, i, 1)});
    }
  }
  return begin;
}

std::size_t add_lans(World& world, const std::string& word, std::uint64_t first, std::size_t count,
                     const Channels& channels) {
  const py::gil_scoped_release release;
  const std::size_t begin = world.simulation.media().size();
  for (std::size_t i = 0; i < count; ++i) world.simulation.add_medium<Lan>(nth_name(word, first + i), channels[i]);
  return begin;
}

// As Lan.attach does it, one after the other: routers get the next address of the LAN's prefix, and advertise it if
// there is something to say; `said` then has one prefix, in whose place that of each LAN goes. `taken`: addresses of
// routers that a LAN has already.
void attach(World& world, std::size_t first_medium, const Column<Index>& lans, const Column<Index>& nodes,
            std::optional<std::uint64_t> first_prefix, const RouterAdvertisementConfig* said,
            Column<std::uint32_t>& taken) {
  const Index* lan_of = lans.data();
  const Index* node_of = nodes.data();
  std::uint32_t* last = taken.mutable_data();
  const auto count = static_cast<std::size_t>(nodes.size());
  const py::gil_scoped_release release;
  for (std::size_t i = 0; i < count; ++i) {
    Host& host = *world.hosts[static_cast<std::size_t>(node_of[i])];
    const auto row = static_cast<std::size_t>(lan_of[i]);
    auto& lan = static_cast<Lan&>(*world.simulation.media()[first_medium + row]);
    Nic& nic = host.node().add_nic();
    EthernetInterface& interface = host.add_interface(nic);
    lan.attach(nic);
    if (!first_prefix || !host.stack().forwarding()) continue;
    const Ipv6Address address = address_in(*first_prefix, row, ++last[row]);
    host.stack().add_address(interface, {.address = address});
    if (said == nullptr) continue;
    RouterAdvertisementConfig config = *said;
    config.adv_prefix_list->front().prefix = Ipv6Prefix(address, 64);
    host.router_advertisements().advertise(interface, config);
  }
}

Host& host(World& world, std::size_t number) { return *world.hosts.at(number); }

py::list interfaces_of(World&, const py::object& object) {
  Host& h = object.cast<Host&>();
  py::list all;
  for (Nic* nic : h.node().nics()) {
    const py::object interface = py::cast(Interface(h, *nic));
    py::detail::keep_alive_impl(interface, object);
    all.append(interface);
  }
  return all;
}

template <typename M>
M& medium(World& world, std::size_t number) {
  return dynamic_cast<M&>(*world.simulation.media().at(number));
}

std::pair<std::string, std::string> end_names(const PointToPointLink& link) {
  return {link.end(0)->name(), link.end(1)->name()};
}

// (kind of node, part, bytes, how many objects).
py::list memory(World& world) {
  struct Use {
    std::size_t nodes = 0, nics = 0, node = 0, nic = 0;
    Host::MemoryUse host;
  };
  Use of[2];  // hosts, routers
  for (const auto& h : world.hosts) {
    Use& use = of[h->stack().forwarding() ? 1 : 0];
    const Host::MemoryUse own = h->memory_use();
    ++use.nodes;
    use.node += sizeof(Node) + h->node().heap_bytes();
    for (const Nic* nic : h->node().nics()) {
      ++use.nics;
      use.nic += sizeof(Nic) + nic->heap_bytes();
    }
    use.host.stack += own.stack;
    use.host.interfaces += own.interfaces;
    use.host.routes += own.routes;
    use.host.daemons += own.daemons;
  }
  std::size_t links = 0, link_bytes = 0, lans = 0, lan_bytes = 0;
  for (const auto& m : world.simulation.media()) {
    if (const auto* link = dynamic_cast<const PointToPointLink*>(m.get())) {
      ++links;
      link_bytes += sizeof(PointToPointLink) + link->heap_bytes();
    } else if (const auto* lan = dynamic_cast<const Lan*>(m.get())) {
      ++lans;
      lan_bytes += sizeof(Lan) + lan->heap_bytes();
    }
  }
  py::list rows;
  const char* kinds[] = {"host", "router"};
  for (const int kind : {0, 1}) {
    const Use& use = of[kind];
    rows.append(py::make_tuple(kinds[kind], "node", use.node, use.nodes));
    rows.append(py::make_tuple(kinds[kind], "nics", use.nic, use.nics));
    rows.append(py::make_tuple(kinds[kind], "stack", use.host.stack, use.nodes));
    rows.append(py::make_tuple(kinds[kind], "interfaces", use.host.interfaces, use.nics));
    rows.append(py::make_tuple(kinds[kind], "routes", use.host.routes, use.nodes));
    rows.append(py::make_tuple(kinds[kind], "daemons", use.host.daemons, use.nodes));
  }
  const Simulation& simulation = world.simulation;
  // Nodes and media by number, and what finds a node by its name.
  constexpr std::size_t kOfNode = 2 * sizeof(void*) + sizeof(std::uint32_t);
  constexpr std::size_t kSmallestBuffer = 576;
  rows.append(py::make_tuple("network", "links", link_bytes, links));
  rows.append(py::make_tuple("network", "lans", lan_bytes, lans));
  rows.append(py::make_tuple("network", "events", simulation.pending_events() * (sizeof(EventKey) + sizeof(Event*)),
                             simulation.pending_events()));
  rows.append(py::make_tuple("network", "packets", simulation.packet_buffers() * kSmallestBuffer,
                             simulation.packet_buffers()));
  rows.append(py::make_tuple("network", "tables",
                             simulation.nodes().size() * kOfNode + simulation.media().size() * sizeof(void*),
                             simulation.nodes().size() + simulation.media().size()));
  return rows;
}

}  // namespace

void bind_bulk(py::module_& m, py::class_<World>& simulation) {
  constexpr auto internal = py::return_value_policy::reference_internal;
  py::class_<Channels>(m, "Channels", "What links are like, as columns of one value for each, or one for all.")
      .def(py::init<const Column<std::uint64_t>&, const Column<std::int64_t>&, const Column<std::int64_t>&,
                    const Column<double>&, const Column<std::uint32_t>&, const Column<std::uint32_t>&>(),
           "rate_bps"_a, "delay_ns"_a, "jitter_ns"_a, "loss"_a, "mtu"_a, "queue_limit"_a);
  simulation
      .def("add_hosts", &add_hosts, "word"_a, "first"_a, "forwarding"_a, "count"_a, "dup_addr_detect_transmits"_a,
           "optimistic_dad"_a, "trace"_a, "drop_trace"_a, "The nodes <word><first>, ... Returns the number of the first.")
      .def("add_links", &add_links, "word"_a, "first"_a, "a"_a, "b"_a, "channels"_a, "first_prefix"_a,
           "default_routes"_a,
           "Links between nodes a[i] and b[i], with the /64s from the one of these upper 64 bits on. default_routes: of "
           "hosts at b, by a. Returns the number of the first among the media.")
      .def("add_lans", &add_lans, "word"_a, "first"_a, "count"_a, "channels"_a)
      .def("attach", &attach, "first_medium"_a, "lans"_a, "nodes"_a, "first_prefix"_a, "said"_a, "taken"_a,
           "Node nodes[i] to LAN lans[i].")
      .def("host", &host, "number"_a, internal)
      .def("link", &medium<PointToPointLink>, "number"_a, internal)
      .def("lan", &medium<Lan>, "number"_a, internal)
      .def("interfaces_of", &interfaces_of, "host"_a)
      .def("end_names", [](World&, const PointToPointLink& link) { return end_names(link); }, "link"_a,
           "The names of the interfaces at its ends.")
      .def("memory", &memory, "(kind of node, part, bytes, objects).");
}

}  // namespace kamesim::python
