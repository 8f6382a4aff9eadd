#pragma once
// What is logged while something runs.

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "ferrule/observe/log.hpp"

namespace ferrule {

/// Captures what is logged from here on. Lines of before, which another thread may still have to
/// write, are not among it.
class captured_log {
 public:
  captured_log() {
    EXPECT_TRUE(flush_log(std::chrono::seconds(10)));
    testing::internal::CaptureStderr();
  }
  captured_log(const captured_log&) = delete;
  captured_log& operator=(const captured_log&) = delete;
  ~captured_log() {
    if (!taken_) take();
  }

  /// What there is, once.
  std::string take() {
    taken_ = true;
    EXPECT_TRUE(flush_log(std::chrono::seconds(10)));
    return testing::internal::GetCapturedStderr();
  }

 private:
  bool taken_ = false;
};

}  // namespace ferrule
