#pragma once
// How long one goes on trying while another process holds the database.

#include "ferrule/storage/connection.hpp"
#include "storage/job_queue.hpp"

namespace ferrule::storage::detail {

/// Thread rule: the thread of its connection.
class patience {
 public:
  /// Makes statements of `c` wait, for as long as is said here.
  void attach(connection& c) noexcept;
  /// From now on: until then.
  void last_until(mono_time until) noexcept {
    until_ = until;
    wanted_by_ = nullptr;
  }
  /// From now on: while a job waits there.
  void last_while_wanted_by(job_queue& queue) noexcept { wanted_by_ = &queue; }
  /// Sleeps before try number `tries`, from 0; false, at once, when patience has ended.
  bool sleep(int tries) const noexcept;

 private:
  mono_time until_ = mono_time::min();
  job_queue* wanted_by_ = nullptr;
};

}  // namespace ferrule::storage::detail
