#pragma once
// One request and its answer, apart from the load: to see whether the target answers at all, and
// to get documents.

#include <string>
#include <string_view>
#include <vector>

#include "ferrule/core/result.hpp"
#include "ferrule/http/method.hpp"
#include "ferrule/io/address.hpp"
#include "load/histogram.hpp"

namespace ferrule::load {

struct fetched {
  int status = 0;
  std::string body;
};

/// The first of some addresses that takes a connection; if none does the first of all, so that the
/// error is about that one. Blocks, for at most `timeout` and two seconds for each.
address first_that_listens(const std::vector<address>& among, nanoseconds timeout);

/// Sends `bytes`, a whole request with method `verb`, on a connection of its own and waits for the
/// answer. Blocks. Fails with a line for the user.
result<fetched, std::string> exchange(const address& to, std::string_view bytes, method verb,
                                      nanoseconds timeout);

/// Gets a document by its URL. An answer that is no 200 is a failure too.
result<std::string, std::string> fetch(std::string_view url_text, nanoseconds timeout);

}  // namespace ferrule::load
