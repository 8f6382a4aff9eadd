#pragma once
/// @file
/// Answers to what went wrong, each with the id that logs and traces know the request by.
///
/// ```cpp
/// inline void count_failures(const ferrule::escaped_exception& e) noexcept {
///   static int failures = 0;
///   if (!e.route.empty()) ++failures;
/// }
/// inline void install() { ferrule::set_exception_log(count_failures); }
/// ```

#include <span>
#include <string_view>

#include "ferrule/api/answer.hpp"
#include "ferrule/api/problem.hpp"
#include "ferrule/http/refusal.hpp"

namespace ferrule {

/// An exception that left a handler and was answered 500 (or broke the answer off, if it had
/// begun).
struct escaped_exception {
  std::string_view route;     ///< the pattern; empty when no request could be read
  std::string_view what;      ///< for a type derived from std::exception
  std::string_view trace_id;  ///< as the client was told
};

/// Says what happens with exceptions that leave handlers: an error in the log, unless this names a
/// function. For the start of a program; the function is called on every reactor's thread.
void set_exception_log(void (*log)(const escaped_exception&) noexcept) noexcept;

namespace detail {

/// Answers with a problem document. More header fields may come with it.
void send_problem(const outlet& out, const problem& what,
                  std::span<const header_field> fields = {});

/// Answers for an exception, in the handler that caught it: 500, or a reset if the answer has
/// begun. Logs it. If a layer's hook fails at that, it is left out.
void answer_exception(const outlet& out) noexcept;

/// Logs the exception in hand as one that left a handler.
void log_current_exception(std::string_view route, std::string_view trace_id) noexcept;

/// Sends what an engine answers past the hooks of layers, which `self` is a part of. If one of them
/// fails, that is logged and they are left out.
void respond_past_hooks(http::answer_filter& self, http::exchange& ex,
                        const http::answer_head& head, std::string_view body) noexcept;

/// Shows hooks the 101 of an upgrade.
void upgrade_past_hooks(http::answer_filter& self, std::span<const header_field> given,
                        std::vector<header_field>& fields);

/// What a request gets that no route is for: 404, 405 or 204 with an Allow field, 501.
struct unrouted {
  int status;
};
void send_unrouted(const outlet& out, unrouted answer);

}  // namespace detail
}  // namespace ferrule
