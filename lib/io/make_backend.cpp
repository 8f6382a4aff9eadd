#include <string.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "ferrule/io/backend.hpp"
#include "io/epoll/epoll_backend.hpp"
#include "io/uring/uring_backend.hpp"

namespace ferrule::io {
namespace {

/// "io_uring: Operation not permitted". Not strerror(3), which translates.
std::string reason(std::string_view of, int error) {
  const char* const text = ::strerrordesc_np(error);
  return std::string(of) + ": " + (text != nullptr ? text : "unknown error");
}

}  // namespace

made_backend make_backend(const backend_options& options) {
  made_backend made;
  if (options.kind != backend_kind::epoll) {
    auto tried = uring::uring_backend::make(options);
    if (tried) return {*std::move(tried), {}};
    made.why = reason("io_uring", -tried.error());
    if (options.kind == backend_kind::uring) return made;
  }
  made.io = make_epoll_backend(options);
  if (made.io == nullptr) {
    const std::string failed = reason("epoll", errno);
    made.why = made.why.empty() ? failed : made.why + "; " + failed;
  }
  return made;
}

}  // namespace ferrule::io
