#include "ferrule/test/call.hpp"

#include <algorithm>
#include <array>

#include "ferrule/http/parser.hpp"
#include "ferrule/http/refusal.hpp"
#include "ferrule/http/server_limits.hpp"
#include "ferrule/http/status.hpp"
#include "ferrule/test/sim.hpp"

namespace ferrule::test {
namespace {

/// A handler that is not done by then waits for something that does not come.
constexpr auto virtual_time_max = std::chrono::hours(24);

bool is_upgrade(const call_request& r) noexcept {
  return std::ranges::any_of(
      r.fields, [](const auto& field) { return equal_ignoring_case(field.first, "Upgrade"); });
}

/// The engine's side of one exchange: keeps the answer, and hands out the body.
class recorder final : public http::sink, http::refusal_writer, ready {
 public:
  recorder(http::service& service, const call_request& r, executor& loop) noexcept
      : ready([](ready& self) noexcept { static_cast<recorder&>(self).waiting_->resume_writer(); }),
        service_(service),
        request_(r),
        loop_(loop) {}

  void respond(http::exchange& ex, const http::answer_head& head, std::string_view body) override {
    if (upgraded_ || !takes(ex, head)) return;
    keep_head(head);
    keep_body(ex, body);
    answer_.is_complete = true;
  }
  void begin(http::exchange& ex, const http::answer_head& head,
             std::optional<std::uint64_t> content_length) override {
    if (!takes(ex, head)) return ex.engine_parts().stop.request_stop();
    keep_head(head);
    answer_.content_length = content_length;
    if (ex.request().verb != method::head && !http::has_no_body(head.status)) return;
    answer_.is_complete = ends_with_head_ = true;
    ex.engine_parts().stop.request_stop(stop_reason::answered);
  }
  bool write(http::exchange& ex, std::string_view bytes) override {
    keep_body(ex, bytes);
    ++answer_.parts;
    if (!request_.slow_client) return true;
    waiting_ = &ex;
    loop_.schedule(*this);
    return false;
  }
  void finish(http::exchange&, std::span<const header_field> trailers) override {
    for (const header_field& field : trailers) {
      answer_.trailers.emplace_back(field.name, field.value);
    }
    answer_.is_complete = true;
  }
  void reset(http::exchange&, http::reset_reason) override {
    answer_.is_complete = ends_with_head_;
    was_reset_ = true;
  }
  void inform(http::exchange&, int status, std::span<const header_field> fields) override {
    call_interim& given = answer_.interim.emplace_back(call_interim{.status = status});
    for (const header_field& field : fields) given.fields.emplace_back(field.name, field.value);
  }
  std::optional<std::string_view> read(http::exchange&) override {
    const std::string_view part =
        std::string_view(request_.body).substr(read_, request_.part_bytes);
    read_ += part.size();
    return part;
  }
  bool may_upgrade(const http::exchange&) const noexcept override { return is_upgrade(request_); }
  void upgrade(http::exchange& ex, std::string_view name, std::span<const header_field> fields,
               std::unique_ptr<net::protocol> following) override {
    keep_head({.status = 101, .fields = fields});
    answer_.fields.emplace_back("Upgrade", name);
    upgraded_ = true;
    if (following != nullptr) ex.engine_parts().stop.request_stop(stop_reason::answered);
  }
  void refuse(http::exchange& ex, int status, std::string_view reason) override {
    if (ex.answered()) {
      answer_.is_complete = false;
    } else {
      const http::trace_id_text trace(ex);
      const http::refusal why = refusal_of(ex, status, reason, trace);
      service_.refused(why);
      http::respond_problem(service_, ex, why);
    }
    ex.engine_parts().stop.request_stop();
  }
  /// Answers a request that was matched in the place of its handler.
  void refuse_matched(http::exchange& ex, int status, std::string_view reason) {
    const http::trace_id_text trace(ex);
    const http::refusal why = refusal_of(ex, status, reason, trace);
    service_.refused(why);
    service_.refuse(ex, why);
  }
  /// Answers what could not be read.
  void refuse_unread(int status, std::string_view reason) {
    const http::trace_id_text trace(loop_.random());
    const http::refusal why{.status = status, .reason = reason, .trace_id = trace.view()};
    service_.refused(why);
    service_.word(why, nullptr, *this);
  }
  void write(const http::answer_head& head, std::string_view body) override {
    keep_head(head);
    answer_.body = body;
    answer_.is_complete = true;
  }
  void handler_ended(http::exchange&, bool stopped) noexcept override {
    answer_.stopped = stopped && !ends_with_head_;
    if (upgraded_) answer_.is_complete = !stopped && !was_reset_;
  }

  call_answer& answer() noexcept { return answer_; }

 private:
  static http::refusal refusal_of(http::exchange& ex, int status, std::string_view reason,
                                  const http::trace_id_text& trace) {
    return {.status = status,
            .reason = reason,
            .trace_id = trace.view(),
            .asked = &ex.request(),
            .route = ex.match().traits->pattern};
  }
  /// False where a server answers 500 in the place of what HTTP cannot carry.
  bool takes(http::exchange& ex, const http::answer_head& head) {
    if (http::fault_of(head).empty()) return true;
    const http::trace_id_text trace(ex);
    constexpr std::string_view reason = "the handler's response was not valid HTTP";
    const http::refusal why = refusal_of(ex, 500, reason, trace);
    service_.refused(why);
    service_.word(why, ex.match().traits, *this);
    return false;
  }
  void keep_head(const http::answer_head& head) {
    answer_.status = head.status;
    answer_.content_type = head.content_type;
    for (const header_field& field : head.fields) {
      answer_.fields.emplace_back(field.name, field.value);
    }
  }
  void keep_body(http::exchange& ex, std::string_view bytes) {
    if (ex.request().verb != method::head) answer_.body += bytes;
  }

  http::service& service_;
  const call_request& request_;
  executor& loop_;
  http::exchange* waiting_ = nullptr;
  std::size_t read_ = 0;
  bool ends_with_head_ = false;  // a streamed answer without a body
  bool upgraded_ = false;
  bool was_reset_ = false;
  call_answer answer_;
};

std::string bytes_of(const call_request& r) {
  std::string head = r.line + " HTTP/1.1\r\n";
  const auto is_host = [](const auto& field) { return equal_ignoring_case(field.first, "Host"); };
  if (std::ranges::none_of(r.fields, is_host)) head += "Host: test\r\n";
  for (const auto& [name, value] : r.fields) head += name + ": " + value + "\r\n";
  if (!r.body.empty() && !is_upgrade(r))
    head += "Content-Length: " + std::to_string(r.body.size()) + "\r\n";
  return head + "\r\n";
}

/// Stops the exchange's handler at its deadline.
struct deadline_timer : timer {
  deadline_timer(executor& on, stop_source& to_stop) noexcept
      : timer([](timer& self) noexcept {
          static_cast<deadline_timer&>(self).stop.request_stop(stop_reason::deadline);
        }),
        loop(on),
        stop(to_stop) {}
  ~deadline_timer() { loop.disarm(*this); }

  executor& loop;
  stop_source& stop;
};

}  // namespace

std::string_view call_answer::field(std::string_view name) const noexcept {
  const auto found = std::ranges::find_if(
      fields, [&](const auto& field) { return equal_ignoring_case(field.first, name); });
  return found == fields.end() ? std::string_view{} : found->second;
}

call_answer call(http::service& service, const call_request& r) {
  constexpr std::uint64_t seed = 1;
  sim_world world(seed);
  reactor& loop = world.add_host("10.0.0.1");
  if (r.date) world.set_date(*r.date);
  recorder engine(service, r, loop);
  const mono_time start = world.now();
  const environment surroundings{
      .loop = &loop,
      .deadline = r.deadline ? saturating_add(start, *r.deadline) : no_deadline,
      .trace = r.trace};
  http::routed_request asked;
  http::exchange ex(engine, surroundings, asked);

  const std::string bytes = bytes_of(r);
  std::array<header_field, 100> storage;
  const http::head_parse parsed = http::parse_request_head(bytes, {}, storage, asked.head);
  if (parsed.state != http::head_parse::complete) {
    const bool is_error = parsed.state == http::head_parse::error;
    engine.refuse_unread(is_error ? parsed.status : 408,
                         is_error ? parsed.reason : "the request did not arrive in time");
    return std::move(engine.answer());
  }
  service.match(ex);
  const std::uint64_t body_bytes_max = ex.match().traits->body_bytes_max;
  ex.match().body_bytes_max =
      body_bytes_max != 0 ? body_bytes_max : http::server_limits().body_bytes_max;
  if (ex.match().traits->body != http::body_mode::none &&
      r.body.size() > ex.match().body_bytes_max) {
    engine.refuse_matched(ex, 413, "the body is too large");
    return std::move(engine.answer());
  }
  if (ex.match().traits->body == http::body_mode::whole) asked.body = r.body;

  deadline_timer timeout(loop, ex.engine_parts().stop);
  if (r.deadline) loop.arm(timeout, surroundings.deadline);
  service.invoke(ex);
  const auto has_ended = [&ex] { return !ex.running(); };
  if (!world.run_until(has_ended, virtual_time_max)) {
    ex.engine_parts().stop.request_stop(stop_reason::cancelled);
    const bool heard = world.run_until(has_ended);
    FERRULE_ASSERT(heard, "a handler went on for an hour after it was asked to stop");
  }
  engine.answer().took = world.now() - start;
  return std::move(engine.answer());
}

}  // namespace ferrule::test
