#include "storage/job_queue.hpp"

#include <algorithm>

namespace ferrule::storage::detail {

bool job_queue::push(job& wanted) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (count_ == waiting_max_) return false;
    waiting_.push_back(wanted);
    wanted.is_waiting = true;
    ++count_;
  }
  has_work_.notify_one();
  return true;
}

bool job_queue::withdraw(job& wanted) noexcept {
  const std::lock_guard lock(mutex_);
  if (!wanted.is_waiting) return false;
  wanted.unlink();
  wanted.is_waiting = false;
  if (--count_ == 0) changed_.notify_all();
  return true;
}

bool job_queue::wait() {
  std::unique_lock lock(mutex_);
  has_work_.wait(lock, [this] { return closed_ || count_ != 0; });
  return !closed_;
}

job* job_queue::wait_and_take() {
  std::unique_lock lock(mutex_);
  ++idle_threads_;
  has_work_.wait(lock, [this] { return closed_ || count_ != 0; });
  --idle_threads_;
  return closed_ ? nullptr : &take_first();
}

job* job_queue::take(access how) noexcept {
  const std::lock_guard lock(mutex_);
  return count_ != 0 && waiting_.front().how == how ? &take_first() : nullptr;
}

job& job_queue::take_first() noexcept {
  job& first = waiting_.front();
  first.unlink();
  first.is_waiting = false;
  --count_;
  return first;
}

std::size_t job_queue::size() noexcept {
  const std::lock_guard lock(mutex_);
  return count_;
}

bool job_queue::is_short_of_threads() noexcept {
  const std::lock_guard lock(mutex_);
  return count_ >= idle_threads_;
}

bool job_queue::sleep_while_wanted(mono_time until) noexcept {
  std::unique_lock lock(mutex_);
  const auto is_in_vain = [this] { return closed_ || count_ == 0; };
  return !changed_.wait_until(lock, until, is_in_vain);
}

void job_queue::tell(intrusive_list<job, job>& ended) noexcept {
  // Under the lock, which `await_teller` waits for: a reactor lives until `post` has returned.
  const std::lock_guard lock(mutex_);
  while (!ended.empty()) {
    job& each = ended.front();
    each.unlink();
    each.home->post(*each.told);
  }
}

void job_queue::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  has_work_.notify_all();
  changed_.notify_all();
}

turn::turn(job_queue& in, job& wanted, mono_time::duration patience) noexcept
    : posted(on_told),
      stop_callback(on_stop),
      timer(on_expiry),
      ready(on_ready),
      queue_(in),
      job_(wanted),
      patience_(patience) {}

void turn::begin() noexcept {
  const mono_time now = env().loop->now();
  const mono_time patient_until = saturating_add(now, patience_);
  if (env().deadline < patient_until) late_ = error_kind::deadline;
  job_.patience = std::min(env().deadline, patient_until);
  job_.home = &current_reactor(env());
  job_.told = this;
  if (env().stop->stop_requested()) {
    stopped_ = true;
    return end_soon();
  }
  if (job_.patience <= now) refused_ = late_;
  else if (!queue_.push(job_)) refused_ = error_kind::overloaded;
  if (refused_) return end_soon();
  env().stop->attach(*this);
  if (job_.patience != no_deadline) env().loop->arm(*this, job_.patience);
}

void turn::await_resume() const {
  if (!refused_) return;
  const bool is_full = refused_ == error_kind::overloaded;
  job_.failed.emplace(*refused_, is_full ? "too many wait for the database already"
                                         : "others held the database for all the time there was");
}

void turn::on_told(posted& p) noexcept {
  auto& self = static_cast<turn&>(p);
  self.queue_.await_teller();
  self.detach();
  self.env().loop->disarm(self);
  self.promise_->resume_from_loop(self.waiting_);
}

void turn::on_stop(stop_callback& s) noexcept {
  auto& self = static_cast<turn&>(s);
  if (!self.queue_.withdraw(self.job_)) return;  // it has begun: its end is awaited
  self.env().loop->disarm(self);
  self.stopped_ = true;
  self.end_soon();
}

void turn::on_expiry(timer& t) noexcept {
  auto& self = static_cast<turn&>(t);
  if (!self.queue_.withdraw(self.job_)) return;
  self.detach();
  self.refused_ = self.late_;
  self.promise_->resume_from_loop(self.waiting_);
}

void turn::on_ready(ready& r) noexcept {
  auto& self = static_cast<turn&>(r);
  if (self.stopped_) {
    self.promise_->unwind();
  } else {
    self.promise_->resume_from_loop(self.waiting_);
  }
}

}  // namespace ferrule::storage::detail
