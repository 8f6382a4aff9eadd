#include "test/sim_datagram.hpp"

namespace ferrule::test::sim {

datagram_port::datagram_port(network& net, host& at, const address& local, socket_owner& owner,
                             io::handle handle)
    : net_(net), at_(at), local_(local), owner_(owner), handle_(handle) {
  at_.datagram_ports.push_back(this);
}

datagram_port::~datagram_port() {
  std::erase(at_.datagram_ports, this);
  at_.udp.release(local_.port());
}

void datagram_port::send(const address& to, std::span<const std::byte> bytes) {
  net_.note("datagram {} > {}, {} bytes", local_.text(), to.text(), bytes.size());
  net_.digest_bytes(bytes);
  host* const there = net_.find_host(at_, to);
  const std::optional<address> source = at_.source_for(to);
  if (there == nullptr || !source) return;
  const sim_link& l = net_.link(at_, *there);
  if (net_.strikes(l.half_open, &sim_counts::half_opens, "half_open")) return;
  datagram sent{is_any(local_) ? *source : local_, {bytes.begin(), bytes.end()}};
  sent.from.set_port(local_.port());
  net_.plan(net_.now() + net_.transit(l),
            [&net = net_, there, to, sent = std::move(sent)]() mutable {
              deliver(net, *there, to, std::move(sent));
            });
}

void datagram_port::deliver(network& net, host& at, const address& to, datagram arrived) {
  for (datagram_port* p : at.datagram_ports) {
    if (p->local_.port() != to.port() || p->local_.family() != to.family()) continue;
    if (p->inbox_.size() == datagrams_queued_max) return;
    net.note("datagram {} gets {} bytes", to.text(), arrived.bytes.size());
    p->inbox_.push_back(std::move(arrived));
    p->owner_.on_readable(p->handle_);
    return;
  }
}

std::optional<datagram> datagram_port::take() {
  if (inbox_.empty()) return std::nullopt;
  datagram first = std::move(inbox_.front());
  inbox_.pop_front();
  return first;
}

}  // namespace ferrule::test::sim
