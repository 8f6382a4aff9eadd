#include "load/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "ferrule/core/assert.hpp"

namespace ferrule::load {

connection::connection(reactor& loop, const connection_settings& settings, owner& of,
                       std::optional<address> source)
    : loop_(loop), settings_(settings), owner_(of), source_(source), requests_(settings.pipeline) {
  parts_.reserve(settings.pipeline);
}

connection::~connection() {
  FERRULE_DEBUG_ASSERT(is_closed(), "a connection dies only when it is closed");
  loop_.disarm(alarm_);
}

/// 0 or -errno.
std::int32_t connection::open_socket() {
  const std::int32_t opened = loop_.io().open(settings_.to.family(), SOCK_STREAM);
  if (opened < 0) return opened;
  socket_ = io::handle{opened};
  loop_.io().option(socket_, IPPROTO_TCP, TCP_NODELAY, 1);
  if (!source_) return 0;
  // The port is chosen when connecting, when only the pair of addresses has to be free.
  loop_.io().option(socket_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  return ::bind(opened, source_->data(), source_->size()) == 0 ? 0 : -errno;
}

void connection::connect() {
  reader_.reset();
  has_answered_ = false;
  state_ = state::connecting;
  if (const std::int32_t failed = open_socket(); failed < 0) return give_up(-failed);
  loop_.io().connect(connecting_, socket_, settings_.to);
  if (!alarm_.armed()) loop_.arm(alarm_, loop_.now() + settings_.timeout);
}

void connection::connect_later(nanoseconds wait) { loop_.arm(alarm_, loop_.now() + wait); }

void connection::on_connected(const io::completion& c) {
  if (state_ != state::connecting) return;  // it is being closed
  if (c.result < 0) return give_up(-c.result);
  state_ = state::open;
  loop_.disarm(alarm_);
  loop_.io().recv_start(receiving_, socket_);
  owner_.connected(*this);
  if (under_way_ != 0) loop_.arm(alarm_, oldest().times.sent + settings_.timeout);
  flush();
}

void connection::give_up(int error) {
  owner_.connect_failed(*this, error);
  fail_all(failure_kind::refused, failure_kind::refused);
  close_socket();
}

bool connection::can_take() const noexcept {
  const bool ready = settings_.keep_alive ? state_ == state::open : state_ == state::closed;
  return ready && under_way_ < requests_.size();
}

void connection::take(const pending_request& request) {
  requests_[(oldest_ + under_way_) % requests_.size()] = request;
  ++under_way_;
  if (!alarm_.armed()) loop_.arm(alarm_, request.times.sent + settings_.timeout);
}

void connection::flush() {
  if (state_ == state::closed) return connect();
  if (state_ != state::open || sending_.pending() || handed_over_ == under_way_) return;
  parts_.clear();
  for (; handed_over_ != under_way_; ++handed_over_) {
    const std::string& bytes = *requests_[(oldest_ + handed_over_) % requests_.size()].bytes;
    parts_.push_back({const_cast<char*>(bytes.data()), bytes.size()});
  }
  loop_.io().send(sending_, socket_, parts_);
}

void connection::on_sent(const io::completion& c) {
  if (state_ == state::open && c.result >= 0) flush();  // the receive tells of an error
}

void connection::on_received(const io::completion& c) {
  if (state_ != state::open) return;
  if (!c.bytes.empty()) {
    owner_.received(c.bytes.size());
    read_answers({reinterpret_cast<const char*>(c.bytes.data()), c.bytes.size()});
  }
  if (c.more || state_ != state::open) return;
  if (c.result == 0 && under_way_ != 0) {
    const answer last = reader_.finish(oldest().what->expect_body);
    if (last.state == answer::complete) report(last);
  }
  if (state_ == state::open) end(failure_kind::closed);
}

void connection::read_answers(std::string_view bytes) {
  while (!bytes.empty()) {
    if (under_way_ == 0) return end(failure_kind::closed);  // nobody asked: perhaps a 408
    const answer got = reader_.take(bytes, oldest().what->verb, oldest().what->expect_body);
    if (got.state == answer::incomplete) return;
    if (got.state == answer::malformed) {
      fail_all(failure_kind::malformed, failure_kind::closed);
      return close_socket();
    }
    if (!report(got)) return;
  }
}

/// Returns whether the connection goes on.
bool connection::report(const answer& got) {
  const pending_request request = oldest();
  has_answered_ = true;
  drop_oldest();
  owner_.answered(*this, request, got);
  if (got.keep_alive && settings_.keep_alive) return true;
  end(failure_kind::closed);
  return false;
}

void connection::drop_oldest() noexcept {
  oldest_ = (oldest_ + 1) % requests_.size();
  --under_way_;
  if (handed_over_ != 0) --handed_over_;
}

void connection::fail_all(failure_kind first, failure_kind rest) {
  for (failure_kind why = first; under_way_ != 0; why = rest) {
    const pending_request request = oldest();
    drop_oldest();
    owner_.failed(*this, request, why);
  }
}

// The alarm may be early: it is armed once and not moved by every request.
void connection::on_alarm() {
  if (state_ == state::closed) return connect();
  if (state_ == state::connecting && under_way_ == 0) {
    return give_up(ETIMEDOUT);
  }
  if (under_way_ == 0 || state_ == state::closing) return;
  const mono_time due = oldest().times.sent + settings_.timeout;
  if (loop_.now() < due) return loop_.arm(alarm_, due);
  while (under_way_ != 0 && oldest().times.sent + settings_.timeout <= loop_.now()) {
    const pending_request late = oldest();
    drop_oldest();
    owner_.failed(*this, late, failure_kind::timeout);
  }
  end(failure_kind::closed);
}

void connection::end(failure_kind why) {
  fail_all(why, why);
  loop_.disarm(alarm_);
  if (state_ == state::open || state_ == state::connecting) close_socket();
}

void connection::close_socket() {
  state_ = state::closing;
  loop_.disarm(alarm_);
  if (socket_ == io::handle::none) return on_closed({});
  loop_.io().close(closing_, socket_);
}

void connection::on_closed(const io::completion&) {
  socket_ = io::handle::none;
  state_ = state::closed;
  handed_over_ = 0;
  owner_.closed(*this);
}

}  // namespace ferrule::load
