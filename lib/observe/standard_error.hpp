#pragma once
// Whole lines on their way to standard error, which must neither hold up nor end whoever writes.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ferrule::detail {

/// The longest line, its end included: what a pipe takes in one piece (PIPE_BUF), so that lines of
/// several processes that share one stay whole.
inline constexpr std::size_t line_bytes_max = 4096;

/// Hands on `line`, which ends with its only '\n', to the thread that writes. Never blocks. Without
/// room for it the line is dropped and counted.
void put_line(std::string_view line) noexcept;
/// Waits until all that was put so far was written or given up; returns whether it was, in time.
bool flush_lines(std::chrono::nanoseconds within) noexcept;
/// Lines that were dropped, for want of room or because standard error did not take them.
std::uint64_t lines_dropped() noexcept;

}  // namespace ferrule::detail
