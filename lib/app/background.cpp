#include "ferrule/app/background.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>

#include "ferrule/core/now.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/observe/log.hpp"
#include "option_values.hpp"

namespace ferrule {
namespace {

constexpr std::chrono::nanoseconds pause_first = std::chrono::seconds(1);
constexpr std::chrono::nanoseconds pause_max = std::chrono::minutes(1);
// A grace that ends so late ended while the process was stopped or its machine stood still.
constexpr std::chrono::nanoseconds stood_still = std::chrono::milliseconds(100);

std::string what_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& failed) {
    return failed.what();
  } catch (...) {
    return "something was thrown that is no std::exception";
  }
}

void log_failure(const background_work& work, const std::exception_ptr& thrown,
                 std::optional<std::chrono::nanoseconds> pause) noexcept {
  try {
    const std::string next = pause ? "; begins again in " + duration_text(*pause) : std::string();
    log(log_level::error,
        fmt::format("background work {} failed: {}{}", work.name(), what_of(thrown), next));
  } catch (...) {  // there is no memory for the words
    log(log_level::error, "background work failed");
  }
}

}  // namespace

struct background_runner::job : detail::receiver {
  job(background_runner& in, background_work& does)
      : receiver{[](receiver& r) noexcept { static_cast<job&>(r).ended(); },
                 [](receiver& r) noexcept { static_cast<job&>(r).ended(); }},
        all(in),
        work(does),
        env{.loop = &in.loop_, .stop = &stop, .drain = &drain},
        supervision(supervise(this)) {}
  void ended() noexcept {
    supervision.reset();
    all.ended();
  }

  background_runner& all;
  background_work& work;
  stop_source stop;
  stop_source drain;  // of its own, to know whether this work asks
  const environment env;
  bool pauses = false;  // between one end and the next beginning
  std::optional<task<>> supervision;
};

background_runner::background_runner(reactor& loop) noexcept
    : loop_(loop), grace_([](timer& t) noexcept {
        background_runner& self = *static_cast<grace_timer&>(t).self;
        const mono_time now = self.loop_.now();
        if (now - t.at > stood_still) return self.loop_.arm(t, now + stood_still);
        for (job& each : self.jobs_) each.stop.request_stop(stop_reason::drain);
      }) {
  grace_.self = this;
}

background_runner::~background_runner() {
  FERRULE_ASSERT(running_ == 0, "background work was destroyed before it was drained");
}

void background_runner::add(background_work& work) { jobs_.emplace_back(*this, work); }

void background_runner::begin() {
  if (draining_) return;
  running_ = jobs_.size();
  for (job& each : jobs_) each.supervision->start(each.env, each);
}

/// Begins it again and again, until it has returned or the service drains.
task<> background_runner::supervise(job* mine) {
  const std::chrono::nanoseconds period = mine->work.period();
  std::chrono::nanoseconds pause = pause_first;
  for (;;) {
    const mono_time began = (co_await now()).mono;
    std::exception_ptr thrown;
    try {
      task<> run = mine->work.run();
      co_await std::move(run);
    } catch (...) {
      thrown = std::current_exception();
    }
    const mono_time ended = (co_await now()).mono;
    const bool is_over = mine->drain.stop_requested();
    mono_time next = saturating_add(began, period);
    if (thrown == nullptr || ended - began >= pause_max) pause = pause_first;
    if (thrown != nullptr) {
      log_failure(mine->work, thrown, is_over ? std::nullopt : std::optional(pause));
      next = saturating_add(ended, pause);
      pause = std::min(2 * pause, pause_max);
    }
    if (is_over || (thrown == nullptr && period == period.zero())) co_return;
    mine->pauses = true;
    co_await sleep_until(next);
    mine->pauses = false;
  }
}

void background_runner::drain(std::chrono::nanoseconds grace, drained_function done,
                              void* context) {
  draining_ = true;
  done_ = done;
  done_context_ = context;
  if (running_ == 0) return finish();
  loop_.arm(grace_, saturating_add(loop_.now(), grace));
  for (job& each : jobs_) {
    each.drain.request_stop(stop_reason::drain);
    if (each.pauses || !each.drain.was_asked()) each.stop.request_stop(stop_reason::drain);
  }
}

const background_work* background_runner::unfinished() const noexcept {
  if (running_ == 0) return nullptr;
  const auto left =
      std::ranges::find_if(jobs_, [](const job& each) { return each.supervision.has_value(); });
  return left == jobs_.end() ? nullptr : &left->work;
}

void background_runner::ended() noexcept {
  if (--running_ == 0 && draining_) finish();
}

void background_runner::finish() noexcept {
  loop_.disarm(grace_);
  done_(done_context_);
}

}  // namespace ferrule
