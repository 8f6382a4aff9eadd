#include "ferrule/core/sleep.hpp"

namespace ferrule::detail {

void sleep_awaiter::begin() noexcept {
  const environment& env = promise_->env();
  if (env.stop->stop_requested()) {
    env.loop->schedule(*this);
    return;
  }
  env.stop->attach(*this);
  env.loop->arm(*this,
                until_ != mono_time::min() ? until_ : saturating_add(env.loop->now(), wait_));
}

void sleep_awaiter::on_expired(timer& t) noexcept {
  auto& self = static_cast<sleep_awaiter&>(t);
  self.detach();
  self.waiting_.resume();
}

void sleep_awaiter::on_stop(stop_callback& callback) noexcept {
  auto& self = static_cast<sleep_awaiter&>(callback);
  executor& loop = *self.promise_->env().loop;
  loop.disarm(self);
  loop.schedule(self);
}

void sleep_awaiter::on_stopped_later(ready& r) noexcept {
  static_cast<sleep_awaiter&>(r).promise_->unwind();
}

}  // namespace ferrule::detail
