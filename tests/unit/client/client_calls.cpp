// Calls URLs one after the other through one pool, and prints a line of JSON for each: for tests
// against servers that others wrote.
//
//   client_calls [--pause-ms N] [--redirects N] [--streamed] URL...
//
// `http_proxy` and `no_proxy` are heeded.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/client/client_pool.hpp"
#include "ferrule/client/client_stream.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "ferrule/json/write.hpp"

namespace {

using namespace ferrule;

struct outcome {
  std::string url;
  int status = 0;
  std::string body;
  std::string error;
  std::uint64_t connections_made = 0;
};

struct options {
  std::chrono::milliseconds pause{0};
  std::uint8_t redirects = 0;
  bool streamed = false;
  std::vector<std::string> urls;
};

task<outcome> call(client_pool* pool, std::string url, bool streamed) {
  outcome out{.url = url, .body = {}, .error = {}};
  const std::size_t slash = url.find('/', std::string_view("http://").size());
  const auto at = origin::parse(url.substr(0, slash));
  const std::string target = slash == url.npos ? "/" : url.substr(slash);
  if (!at) {
    out.error = "not a URL";
  } else if (streamed) {
    auto stream = co_await pool->open(*at, {.target = target});
    if (!stream) {
      out.error = to_string(stream.error().error);
    } else {
      out.status = stream->status();
      while (const auto part = co_await stream->read()) out.body += *part;
      if (stream->failure() != nullptr) out.error = to_string(stream->failure()->error);
    }
  } else {
    const auto answered = co_await pool->send(*at, {.target = target});
    if (answered) {
      out.status = answered->status();
      out.body = answered->body();
    } else {
      out.error = to_string(answered.error().error);
    }
  }
  out.connections_made = pool->counts().connections_made;
  co_return out;
}

task<> call_all(options what) {
  client_pool_settings settings;
  settings.redirects_max = what.redirects;
  settings.proxies =
      proxies_from([](const char* name) -> const char* { return std::getenv(name); });
  client_pool pool(settings);
  for (std::string& url : what.urls) {
    const outcome done = co_await call(&pool, url, what.streamed);
    buffer line;
    json::write(line, done);
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    if (what.pause.count() != 0) co_await sleep(what.pause);
  }
}

unsigned number(const char* text) { return static_cast<unsigned>(std::strtoul(text, nullptr, 10)); }

}  // namespace

int main(int argc, char** argv) {
  options what;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--pause-ms" && i + 1 < argc) {
      what.pause = std::chrono::milliseconds(number(argv[++i]));
    } else if (word == "--redirects" && i + 1 < argc) {
      what.redirects = static_cast<std::uint8_t>(number(argv[++i]));
    } else if (word == "--streamed") {
      what.streamed = true;
    } else {
      what.urls.emplace_back(word);
    }
  }
  io::made_backend made = io::make_backend({});
  if (made.io == nullptr) return 1;
  reactor loop(std::move(made.io), 1);
  sync_wait(loop, call_all(std::move(what)));
}
