#pragma once
// A chat of many clients with one server, as rude as the network it runs on: everybody talks at
// random, pauses, stops reading, hangs up. Checked all the while: what arrives is a prefix of what
// was sent, in order, and every operation ends exactly once.
#include <gtest/gtest.h>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/test/sim.hpp"

namespace ferrule::test {

/// What a run came to.
struct chat_counts {
  std::uint64_t started = 0;  // operations
  std::uint64_t ended = 0;
  std::uint64_t sent = 0;  // bytes taken by completed sends
  std::uint64_t received = 0;
  std::uint64_t errors = 0;  // operations that ended with one
};

/// An operation that calls a member function of its owner and keeps the books.
template <class Owner, void (Owner::*Handler)(const io::completion&)>
struct counted : io::operation {
  counted(Owner& of, chat_counts& in) : operation(on_done), owner(of), counts(in) {}
  ~counted() { EXPECT_FALSE(running); }

  counted& starting() {
    EXPECT_FALSE(running);
    running = true;
    ++counts.started;
    return *this;
  }
  static void on_done(io::operation& op, const io::completion& c) noexcept {
    auto& self = static_cast<counted&>(op);
    EXPECT_TRUE(self.running) << "called after its end";
    EXPECT_EQ(self.pending(), c.more);
    if (!c.more) self.running = false, ++self.counts.ended;
    if (c.result < 0) ++self.counts.errors;
    (self.owner.*Handler)(c);  // may destroy this
  }

  Owner& owner;
  chat_counts& counts;
  bool running = false;
};

/// One end of a connection that talks and listens until it has enough.
class speaker {
 public:
  /// What is said follows from `say_key` and the place in the stream, so that the other end can
  /// check it, knowing it as `hear_key`.
  speaker(reactor& loop, io::handle socket, std::uint64_t say_key, std::uint64_t hear_key,
          chat_counts& counts);
  ~speaker() { loop_.disarm(turn_); }

  bool gone() const { return gone_; }

 private:
  struct turn : timer {
    explicit turn(speaker& s) : timer(on_expired), owner(s) {}
    static void on_expired(timer& t) noexcept { static_cast<turn&>(t).owner.take_turn(); }
    speaker& owner;
  };

  void take_turn();
  void talk();
  void listen();
  void leave();
  void heard(const io::completion& c);
  void said(const io::completion& c);
  void closed(const io::completion&) { gone_ = true; }
  void check(std::string_view bytes);

  reactor& loop_;
  io::handle socket_;
  std::uint64_t say_key_;
  std::uint64_t hear_key_;
  chat_counts& counts_;
  counted<speaker, &speaker::heard> receiving_{*this, counts_};
  counted<speaker, &speaker::said> sending_{*this, counts_};
  counted<speaker, &speaker::closed> closing_{*this, counts_};
  turn turn_{*this};
  mono_time enough_;
  std::string saying_;
  iovec part_{};
  std::string hearing_;  // of one-shot receives
  std::uint64_t said_bytes_ = 0;
  std::uint64_t heard_bytes_ = 0;
  bool one_shot_ = false;
  bool shut_ = false;
  bool leaving_ = false;
  bool gone_ = false;
};

/// Accepts whoever comes, for as long as it lives.
class chat_server {
 public:
  chat_server(reactor& loop, const address& at, chat_counts& counts);

  void accept();
  void stop();
  bool idle();  ///< nobody is connected

 private:
  void accepted(const io::completion& c);
  void stopped(const io::completion&) {}

  reactor& loop_;
  chat_counts& counts_;
  io::handle listener_;
  counted<chat_server, &chat_server::accepted> accepting_{*this, counts_};
  counted<chat_server, &chat_server::stopped> closing_{*this, counts_};
  std::list<speaker> speakers_;
  bool stopping_ = false;
};

/// Connects, chats and comes again, some sessions long.
class chat_client {
 public:
  chat_client(reactor& loop, const address& server, unsigned sessions, chat_counts& counts);
  ~chat_client() { loop_.disarm(pause_); }

  bool finished() const { return sessions_left_ == 0; }

 private:
  struct pause : timer {
    explicit pause(chat_client& c) : timer(on_expired), owner(c) {}
    static void on_expired(timer& t) noexcept { static_cast<pause&>(t).owner.go_on(); }
    chat_client& owner;
  };

  void go_on();
  void connected(const io::completion& c);
  void closed(const io::completion&);

  reactor& loop_;
  address server_;
  unsigned sessions_left_;
  chat_counts& counts_;
  io::handle socket_ = io::handle::none;
  counted<chat_client, &chat_client::connected> connecting_{*this, counts_};
  counted<chat_client, &chat_client::closed> closing_{*this, counts_};
  pause pause_{*this};
  std::optional<speaker> speaker_;
};

/// How a run of the chat went.
struct chat_report {
  std::uint64_t digest = 0;
  chat_counts chat;
  sim_counts network;
  bool ended = false;  ///< everybody left within the limit
};

/// Which seeds a test tries.
struct seed_range {
  std::uint64_t first;
  std::uint64_t last;
};
/// FERRULE_SIM_SEED=n: that seed alone; FERRULE_SIM_SEEDS=n: that many; else as many as `usual`.
seed_range seeds_to_run(std::uint64_t usual);
/// With FERRULE_SIM_TRACE set, has every event written to standard error.
void trace_if_wanted(sim_world& world);

/// What the seed makes of the network: each fault with a chance of its own, some with none.
void make_trouble(sim_link& link, rng& random);

/// One whole chat. Without `troubled` the network has no faults.
chat_report run_chat(std::uint64_t seed, unsigned clients, unsigned sessions, bool troubled);

}  // namespace ferrule::test
