#include "chat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace ferrule::test {

using namespace std::chrono_literals;

namespace {

/// Random bytes out of which every stream is cut: by copying and comparing, not byte by byte.
const std::string& quarry() {
  static const std::string bytes = [] {
    rng random(1);
    std::string made(1U << 20U, '\0');
    for (char& c : made) c = static_cast<char>(random());
    return made;
  }();
  return bytes;
}

/// The longest run of the stream `key` from `place` that is in one piece.
std::string_view stream_at(std::uint64_t key, std::uint64_t place) {
  return std::string_view(quarry()).substr((rng(key)() + place) % quarry().size());
}

/// Both ends know the client's address, so both can name the two streams of a connection.
std::uint64_t key_of(const address& client) {
  std::uint64_t key = client.port();
  for (const char c : client.ip()) key = key * 131 + static_cast<unsigned char>(c);
  return key << 20U;
}

constexpr std::uint64_t from_server = 1U << 19U;

std::chrono::milliseconds up_to(rng& random, std::uint64_t most_ms) {
  return std::chrono::milliseconds(random.below(most_ms) + 1);
}

}  // namespace

speaker::speaker(reactor& loop, io::handle socket, std::uint64_t say_key, std::uint64_t hear_key,
                 chat_counts& counts)
    : loop_(loop),
      socket_(socket),
      say_key_(say_key),
      hear_key_(hear_key),
      counts_(counts),
      enough_(loop.now() + up_to(loop.random(), 20'000)) {
  listen();
  loop_.arm(turn_, loop_.now() + up_to(loop_.random(), 10));
}

void speaker::take_turn() {
  if (leaving_) return;
  rng& random = loop_.random();
  if (loop_.now() >= enough_ || random.below(100) < 2) return leave();
  switch (random.below(8)) {
    case 0:
      break;  // nothing to say
    case 1:
      if (!shut_ && !sending_.running && random.below(10) == 0) {
        loop_.io().shutdown(socket_, SHUT_WR);
        shut_ = true;
      }
      break;
    case 2:
      if (receiving_.running) loop_.io().cancel(receiving_);  // not listening for a while
      break;
    case 3:
      listen();
      break;
    default:
      talk();
  }
  loop_.arm(turn_, loop_.now() + up_to(random, random.below(10) == 0 ? 3000 : 50));
}

void speaker::talk() {
  if (sending_.running || shut_) return;
  rng& random = loop_.random();
  saying_.resize(1 + random.below(random.below(10) == 0 ? 200'000 : 500));
  for (std::size_t i = 0; i < saying_.size();) {
    i += stream_at(say_key_, said_bytes_ + i).copy(saying_.data() + i, saying_.size() - i);
  }
  part_ = {saying_.data(), saying_.size()};
  loop_.io().send(sending_.starting(), socket_, {&part_, 1});
}

void speaker::listen() {
  if (receiving_.running) return;
  one_shot_ = loop_.random().below(2) == 0;
  if (one_shot_) {
    hearing_.resize(1 + loop_.random().below(5000));
    loop_.io().recv(receiving_.starting(), socket_, std::as_writable_bytes(std::span(hearing_)));
  } else {
    loop_.io().recv_start(receiving_.starting(), socket_);
  }
}

void speaker::leave() {
  if (std::exchange(leaving_, true)) return;
  loop_.disarm(turn_);
  loop_.io().close(closing_.starting(), socket_);
}

void speaker::heard(const io::completion& c) {
  if (c.result > 0) {
    const auto size = static_cast<std::size_t>(c.result);
    check({one_shot_ ? hearing_.data() : reinterpret_cast<const char*>(c.bytes.data()), size});
  } else if (c.result != -ECANCELED) {
    leave();  // an end or an error
  }
  if (!c.more && !leaving_ && loop_.random().below(4) != 0) listen();
}

void speaker::said(const io::completion& c) {
  if (c.result < 0) {
    EXPECT_TRUE(c.result == -ECANCELED || c.result == -ECONNRESET || c.result == -EPIPE ||
                c.result == -ETIMEDOUT)
        << c.result;
    return leave();
  }
  EXPECT_EQ(static_cast<std::size_t>(c.result), saying_.size());
  said_bytes_ += saying_.size();
  counts_.sent += saying_.size();
}

void speaker::check(std::string_view bytes) {
  counts_.received += bytes.size();
  while (!bytes.empty()) {
    const std::string_view sent = stream_at(hear_key_, heard_bytes_).substr(0, bytes.size());
    if (!bytes.starts_with(sent)) {
      ADD_FAILURE() << "bytes from " << heard_bytes_ << " on are not what was sent";
      return leave();
    }
    heard_bytes_ += sent.size();
    bytes.remove_prefix(sent.size());
  }
}

chat_server::chat_server(reactor& loop, const address& at, chat_counts& counts)
    : loop_(loop), counts_(counts), listener_{loop.io().listen(at, {.backlog = 8})} {
  accept();
}

void chat_server::accept() { loop_.io().accept_start(accepting_.starting(), listener_); }

void chat_server::accepted(const io::completion& c) {
  if (c.result >= 0) {
    const io::handle socket{c.result};
    address client;
    EXPECT_EQ(loop_.io().peer(socket, client), 0);
    const std::uint64_t key = key_of(client);
    speakers_.emplace_back(loop_, socket, key | from_server, key, counts_);
    speakers_.remove_if([](const speaker& s) { return s.gone(); });
  } else if (!stopping_) {
    EXPECT_EQ(c.result, -EMFILE);
    accept();
  }
}

void chat_server::stop() {
  stopping_ = true;
  loop_.io().close(closing_.starting(), listener_);
}

bool chat_server::idle() {
  return std::all_of(speakers_.begin(), speakers_.end(), [](const speaker& s) { return s.gone(); });
}

chat_client::chat_client(reactor& loop, const address& server, unsigned sessions,
                         chat_counts& counts)
    : loop_(loop), server_(server), sessions_left_(sessions), counts_(counts) {
  loop_.arm(pause_, loop_.now() + up_to(loop_.random(), 1000));
}

void chat_client::go_on() {
  if (speaker_ && !speaker_->gone()) {
    loop_.arm(pause_, loop_.now() + up_to(loop_.random(), 1000));
    return;
  }
  if (speaker_) {
    speaker_.reset();
    if (--sessions_left_ == 0) return;
  }
  socket_ = io::handle{loop_.io().open(AF_INET, SOCK_STREAM)};
  loop_.io().connect(connecting_.starting(), socket_, server_);
}

void chat_client::connected(const io::completion& c) {
  if (c.result < 0) {
    EXPECT_TRUE(c.result == -ECONNREFUSED || c.result == -ETIMEDOUT || c.result == -ECONNRESET)
        << c.result;
    loop_.io().close(closing_.starting(), socket_);
    return;
  }
  address local;
  EXPECT_EQ(loop_.io().local(socket_, local), 0);
  const std::uint64_t key = key_of(local);
  speaker_.emplace(loop_, socket_, key, key | from_server, counts_);
  loop_.arm(pause_, loop_.now() + up_to(loop_.random(), 1000));
}

void chat_client::closed(const io::completion&) {
  if (--sessions_left_ != 0) loop_.arm(pause_, loop_.now() + up_to(loop_.random(), 1000));
}

seed_range seeds_to_run(std::uint64_t usual) {
  const auto number = [](const char* name) -> std::uint64_t {
    const char* const text = std::getenv(name);
    return text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
  };
  if (const std::uint64_t only = number("FERRULE_SIM_SEED"); only != 0) return {only, only};
  const std::uint64_t count = number("FERRULE_SIM_SEEDS");
  return {1, count != 0 ? count : usual};
}

void trace_if_wanted(sim_world& world) {
  if (std::getenv("FERRULE_SIM_TRACE") != nullptr) world.trace_to(stderr);
}

void make_trouble(sim_link& link, rng& random) {
  link.latency = std::chrono::microseconds(random.below(50'000));
  link.jitter = std::chrono::microseconds(random.below(50'000));
  const auto maybe = [&random](double most) {
    return random.below(2) == 0 ? 0 : random.uniform() * most;
  };
  link.delay = maybe(0.1);
  link.reset = maybe(0.01);
  link.stall = maybe(0.02);
  link.short_read = maybe(0.3);
  link.short_write = maybe(0.3);
  link.refused = maybe(0.3);
  link.half_open = maybe(0.01);
  link.accept_emfile = maybe(0.3);
}

chat_report run_chat(std::uint64_t seed, unsigned clients, unsigned sessions, bool troubled) {
  chat_report report;
  sim_world world(seed);
  trace_if_wanted(world);
  rng random(seed);
  if (troubled) make_trouble(world.everywhere(), random);
  const address at = *address::parse("10.0.0.1", 80);
  chat_server server(world.add_host("10.0.0.1"), at, report.chat);
  std::list<chat_client> chatting;
  for (unsigned i = 0; i < clients; ++i) {
    reactor& loop = world.add_host(fmt::format("10.0.{}.{}", 1 + i / 200, 1 + i % 200));
    chatting.emplace_back(loop, at, sessions, report.chat);
  }
  report.ended = world.run_until(
      [&] {
        return std::all_of(chatting.begin(), chatting.end(),
                           [](const chat_client& c) { return c.finished(); }) &&
               server.idle();
      },
      24h);
  server.stop();
  world.run_for(1h);
  report.digest = world.digest();
  report.network = world.counts();
  return report;
}

}  // namespace ferrule::test
