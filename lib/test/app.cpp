#include "ferrule/test/app.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "ferrule/core/now.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/http/client_connection.hpp"
#include "ferrule/http/date.hpp"
#include "ferrule/net/stream.hpp"
#include "ferrule/test/sim_run.hpp"

namespace ferrule::test {
namespace {

constexpr std::uint64_t app_seed = 1;
constexpr auto grace = std::chrono::seconds(10);
constexpr std::chrono::nanoseconds patience = std::chrono::hours(24);

const address& app_address() {
  static const address at = *address::parse("10.0.0.1", 80);
  return at;
}

bool has_field(const call_request& r, std::string_view name) {
  return std::ranges::any_of(
      r.fields, [&](const auto& field) { return equal_ignoring_case(field.first, name); });
}

/// Takes a head over into an answer, but for what frames its body.
void keep_head(call_answer& answer, const response_head& head) {
  answer.status = head.status;
  for (const header_field& field : head.fields) {
    if (equal_ignoring_case(field.name, "Content-Type")) {
      answer.content_type = field.value;
    } else {
      answer.fields.emplace_back(field.name, field.value);
    }
  }
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// A part of a Set-Cookie field: "Max-Age=0".
struct cookie_part {
  std::string_view name;
  std::optional<std::string_view> value{};
};
/// Takes the next one from a field, which ends up without it.
cookie_part next_part(std::string_view& field) {
  const std::string_view part = field.substr(0, field.find(';'));
  field.remove_prefix(std::min(part.size() + 1, field.size()));
  const std::size_t equals = part.find('=');
  if (equals == part.npos) return {trimmed(part)};
  return {trimmed(part.substr(0, equals)), trimmed(part.substr(equals + 1))};
}

/// Whether attributes take a cookie back (RFC 6265 section 5.3): Max-Age, else Expires, says so.
bool take_back(std::string_view attributes, std::chrono::sys_seconds now) {
  std::optional<bool> by_age;
  bool by_date = false;
  while (!attributes.empty()) {
    const cookie_part part = next_part(attributes);
    const std::string_view value = part.value.value_or("");
    if (equal_ignoring_case(part.name, "Max-Age") && !value.empty()) {
      by_age = value.front() == '-' || value.find_first_not_of('0') == value.npos;
    } else if (equal_ignoring_case(part.name, "Expires")) {
      const auto date = http::parse_date(value, now);
      by_date = date && *date <= now;
    }
  }
  return by_age.value_or(by_date);
}

task<call_answer> ask(const call_request* r, std::string cookies) {
  call_answer answer;
  const mono_time start = (co_await now()).mono;
  auto connected = co_await tcp_stream::connect(app_address());
  if (!connected) co_return answer;
  http::client_connection connection(std::move(*connected));
  const std::size_t space = r->line.find(' ');
  http::client_request sent{.verb = std::string_view(r->line).substr(0, space),
                            .target = std::string_view(r->line).substr(space + 1),
                            .host = "test",
                            .body = r->body};
  std::vector<header_field> fields;
  for (const auto& [name, value] : r->fields) {
    if (equal_ignoring_case(name, "Host")) {
      sent.host = value;
    } else {
      fields.push_back({name, value});
    }
  }
  if (!cookies.empty()) fields.push_back({"Cookie", cookies});
  sent.fields = fields;
  const auto head = co_await connection.request_head(sent);
  if (!head) co_return answer;
  keep_head(answer, *head);
  for (;;) {
    const auto part = co_await connection.read_body();
    if (!part) break;
    answer.is_complete = part->empty();
    if (answer.is_complete) break;
    answer.body += *part;
    ++answer.parts;
  }
  answer.took = (co_await now()).mono - start;
  co_await connection.close();
  co_return answer;
}

/// A client that does not wait for ever.
task<call_answer> ask_within(const call_request* r, std::string cookies) {
  auto answer = co_await with_deadline(r->deadline.value_or(patience), ask(r, std::move(cookies)));
  co_return answer ? *std::move(answer) : call_answer();
}
task<std::vector<call_answer>> ask_all(std::vector<task<call_answer>> each) {
  co_return co_await when_all(std::move(each));
}

}  // namespace

app_world::app_world(std::shared_ptr<service_factory> factory, const http::server_limits& limits)
    : world_(app_seed),
      host_(world_.add_host("10.0.0.1")),
      clients_(world_.add_host("10.0.0.2")),
      factory_(std::move(factory)) {
  if (const std::string error = factory_->start(); !error.empty()) throw std::runtime_error(error);
  service_ = factory_->make(host_);
  background_.emplace(host_);
  service_->add_background(*background_);
  background_->begin();
  server_.emplace(host_, service_->handlers(), limits);
  server_->listen(app_address(), {});
}

app_world::~app_world() {
  if (!server_) return;
  bool is_drained = false;
  bool has_ended = false;
  const auto note = [](void* flag) noexcept { *static_cast<bool*>(flag) = true; };
  server_->drain(grace, note, &is_drained);
  background_->drain(grace, note, &has_ended);
  world_.run_until([&] { return is_drained && has_ended; });
  FERRULE_ASSERT(is_drained && has_ended, "a service went on for an hour after its end");
}

call_answer app_world::call(const call_request& r) { return std::move(call_all({r}).front()); }

std::vector<call_answer> app_world::call_all(const std::vector<call_request>& all) {
  std::string sent;
  for (const auto& [name, value] : cookies_) {
    sent.append(sent.empty() ? "" : "; ").append(name).append("=").append(value);
  }
  std::vector<task<call_answer>> each;
  for (const call_request& r : all) {
    if (r.date) world_.set_date(*r.date);
    each.push_back(ask_within(&r, has_field(r, "Cookie") ? std::string() : sent));
  }
  auto answers = sim_run(world_, clients_, ask_all(std::move(each)), 2 * patience);
  FERRULE_ASSERT(answers.has_value(), "a client that gives up after a day did not");
  for (const call_answer& answer : *answers) keep_cookies(answer);
  return *std::move(answers);
}

void app_world::keep_cookies(const call_answer& answer) {
  for (const auto& [name, value] : answer.fields) {
    if (!equal_ignoring_case(name, "Set-Cookie")) continue;
    std::string_view attributes = value;
    const cookie_part cookie = next_part(attributes);
    if (cookie.name.empty() || !cookie.value) continue;
    if (take_back(attributes, std::chrono::floor<std::chrono::seconds>(clients_.date()))) {
      cookies_.erase(std::string(cookie.name));
    } else {
      cookies_.insert_or_assign(std::string(cookie.name), std::string(*cookie.value));
    }
  }
}

}  // namespace ferrule::test
