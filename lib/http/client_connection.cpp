#include "ferrule/http/client_connection.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "ferrule/core/scope.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/http/head_writer.hpp"
#include "ferrule/http/status.hpp"
#include "http/read_ahead.hpp"
#include "http/trailers.hpp"

namespace ferrule::http {
namespace {

constexpr std::size_t read_bytes = 8192;

/// A request of at most this size the kernel takes at once, so nothing has to be read meanwhile.
constexpr std::size_t taken_at_once_bytes = 4096;

/// Where content is expected its absence is said too (RFC 9110 section 8.6).
body_kind framing_of(std::string_view body, method verb) noexcept {
  const bool expected = verb == method::post || verb == method::put || verb == method::patch;
  return expected || !body.empty() ? body_kind::length : body_kind::none;
}

bool is_interim(int code) noexcept { return code < static_cast<int>(status::ok); }
bool is_success(int code) noexcept {
  return code >= static_cast<int>(status::ok) && code < static_cast<int>(status::multiple_choices);
}

}  // namespace

const char* to_string(client_error error) noexcept {
  switch (error) {
    case client_error::invalid_request:
      return "the request is not valid";
    case client_error::not_reusable:
      return "the connection cannot be used again";
    case client_error::no_response:
      return "the connection ended without a response";
    case client_error::closed_early:
      return "the connection ended early";
    case client_error::malformed:
      return "the response is malformed";
    case client_error::too_large:
      return "the response is too large";
    case client_error::no_resources:
      return "this side has no memory left to send or receive";
  }
  return "";
}

client_connection::client_connection(tcp_stream stream, const client_limits& limits)
    : stream_(std::move(stream)), limits_(limits), fields_(limits.head.header_count_max) {}

client_connection::client_connection(client_connection&&) noexcept = default;

client_connection::~client_connection() {
  if (ahead_ != nullptr && ahead_->pending()) ahead_.release()->close(stream_.release());
}

task<result<client_response, client_error>> client_connection::request(client_request what) {
  const auto begun = begin(what);
  if (!begun) co_return fail(begun.error());
  if (!is_small_) co_return co_await with_scope(send_and_receive, this, what.body);
  co_await flush(what.body);
  const auto head = co_await read_head();
  if (!head) co_return fail(head.error());
  co_return co_await collect(*head);
}

task<result<response_head, client_error>> client_connection::request_head(client_request what) {
  const auto begun = begin(what);
  if (!begun) co_return fail(begun.error());
  if (!is_small_) co_return co_await with_scope(send_and_read_head, this, what.body);
  co_await flush(what.body);
  co_return co_await read_head();
}

task<client_connection::response_result> client_connection::send_and_receive(
    scope& sending, client_connection* self, std::string_view body) {
  sending.spawn(send_beside(&sending, self, body));
  response_result response = co_await self->receive();
  if (self->sent_) co_return response;
  const environment& env = co_await current_environment();
  const mono_time until = env.loop->now() + early_answer_wait;
  // A server that keeps the connection reads the request to its end; no other need.
  if (!response || !self->keep_alive_ || until >= env.deadline) {
    sending.request_stop();
  } else {
    sending.spawn(stop_sending(&sending, until));
  }
  co_return response;
}

task<client_connection::head_result> client_connection::send_and_read_head(scope& sending,
                                                                           client_connection* self,
                                                                           std::string_view body) {
  sending.spawn(send_beside(&sending, self, body));
  head_result head = co_await self->read_head();
  if (self->sent_) co_return head;
  const environment& env = co_await current_environment();
  const bool is_wanted = head && is_success(head->status) && self->keep_alive_;
  if (!is_wanted || env.loop->now() + early_answer_wait >= env.deadline) {
    sending.request_stop();
  } else if (env.deadline != no_deadline) {
    sending.spawn(stop_sending(&sending, env.deadline - early_answer_wait));
  }
  co_return head;
}

/// Sends while the response is read; nobody need wait for `stop_sending` after it.
task<> client_connection::send_beside(scope* sending, client_connection* self,
                                      std::string_view body) {
  co_await self->flush(body);
  if (sending->size() > 1) sending->request_stop();
}

task<> client_connection::stop_sending(scope* sending, mono_time at) {
  co_await sleep_until(at);
  sending->request_stop();
}

task<result<void, client_error>> client_connection::send(client_request what) {
  const auto begun = begin(what);
  if (!begun) co_return begun;
  co_await flush(what.body);
  if (!sent_) co_return fail(ended(client_error::closed_early));
  co_return {};
}

task<result<void, client_error>> client_connection::send_head(client_request what) {
  const auto body_bytes = what.streamed.value_or(streamed_body{}).bytes;
  const auto begun =
      begin(what, body_bytes ? body_kind::length : body_kind::chunked, body_bytes.value_or(0));
  if (!begun) co_return begun;
  is_small_ = is_writing_ = false;
  sends_chunks_ = !body_bytes;
  unsent_bytes_ = body_bytes.value_or(0);
  const auto written = co_await write(out_.view(), {});
  out_.clear();
  if (!written) co_return fail(ended(client_error::closed_early));
  co_return {};
}

task<result<void, client_error>> client_connection::send_part(std::string_view part) {
  if (sent_) co_return fail(client_error::invalid_request);
  if (part.empty()) co_return {};
  if (is_writing_) co_return fail(client_error::closed_early);
  if (sends_chunks_) {
    char head[chunk_head_bytes_max];
    out_.append({head, write_chunk_head(head, part.size())});
  } else if (part.size() > unsent_bytes_) {
    co_return fail(client_error::invalid_request);
  } else {
    unsent_bytes_ -= part.size();
  }
  const auto written = co_await write(out_.view(), part);
  out_.clear();
  if (!written) co_return fail(ended(client_error::closed_early));
  if (sends_chunks_) out_.append(chunk_end);  // goes before what comes next
  co_return {};
}

task<result<void, client_error>> client_connection::send_end(
    std::span<const header_field> trailers) {
  if (sent_) co_return fail(client_error::invalid_request);
  if (is_writing_) co_return fail(client_error::closed_early);
  if (sends_chunks_) {
    out_.append(trailers.empty() ? last_chunk : chunk_before_trailers);
    const bool valid = trailers.empty() || write_trailers(out_, trailers);
    if (!valid) co_return fail(client_error::invalid_request);
    co_await flush({});
  } else if (unsent_bytes_ != 0) {
    co_return fail(client_error::invalid_request);
  } else {
    sent_ = true;
  }
  if (!sent_) co_return fail(ended(client_error::closed_early));
  co_return {};
}

/// Writes a piece of a request that is sent in several.
task<result<void, std::error_code>> client_connection::write(std::string_view bytes,
                                                             std::string_view more) {
  is_writing_ = true;
  auto written = co_await stream_.write(bytes, more);
  is_writing_ = false;
  if (!written) note(written.error());
  co_return written;
}

result<void, client_error> client_connection::begin(const client_request& what) {
  if (what.streamed) return fail(client_error::invalid_request);
  return begin(what, framing_of(what.body, parse_method(what.verb)), what.body.size());
}

result<void, client_error> client_connection::begin(const client_request& what, body_kind framing,
                                                    std::uint64_t body_bytes) {
  if (!reusable()) return fail(client_error::not_reusable);
  verb_ = parse_method(what.verb);
  if (verb_ == method::connect) return fail(client_error::invalid_request);
  out_.clear();
  const bool written = write_request_head(
      out_, {.verb = what.verb,
             .target = what.target,
             .host = what.host,
             .content_type = what.content_type,
             .body = framing,
             .content_length = body_bytes,
             .connection = what.close ? connection_option::close : connection_option::unsaid,
             .fields = what.fields});
  if (!written) return fail(client_error::invalid_request);
  if (ahead_ != nullptr) ahead_->mute();
  trailer_lines_.clear();
  trailers_.clear();
  sent_ = heard_ = answered_ = false;
  is_reused_ = std::exchange(is_used_, true);
  is_small_ = framing != body_kind::chunked && out_.size() + body_bytes <= taken_at_once_bytes;
  keep_alive_ = !what.close;
  return {};
}

task<> client_connection::flush(std::string_view body) {
  const auto written = co_await stream_.write(out_.view(), body);
  sent_ = written.has_value();
  if (!written) note(written.error());
}

/// Why sending or receiving failed. For want of memory the server is not told of the rest, so that
/// nothing need be waited for: who reads meanwhile ends too.
void client_connection::note(std::error_code failed) noexcept {
  if (failed.value() != ENOBUFS && failed.value() != ENOMEM) return;
  starved_ = true;
  stream_.loop().io().shutdown(stream_.socket(), SHUT_RDWR);
}

task<client_connection::response_result> client_connection::receive() {
  const auto head = co_await read_head();
  if (!head) co_return fail(head.error());
  co_return co_await collect(*head);
}

task<client_connection::response_result> client_connection::collect(response_head head) {
  client_response response;
  if (body_.left() > limits_.body_bytes_max) co_return fail(client_error::too_large);
  for (;;) {
    auto part = part_at_hand();
    if (!part) part.emplace(co_await read_body());
    if (!*part) co_return fail(part->error());
    if ((*part)->empty()) break;
    response.body_.append(**part);
  }
  response.head_ = head;
  response.fields_.resize(head.fields.size());
  rebase(response.head_, response.fields_, head_bytes_.view(), head_bytes_.data());
  response.head_bytes_ = std::move(head_bytes_);
  co_return response;
}

task<result<response_head, client_error>> client_connection::read_head() {
  FERRULE_ASSERT(!answered_, "there is no response to read");
  response_head head;
  std::size_t scanned = 0;
  unsigned interim_count = 0;
  while (interim_count <= limits_.interim_count_max) {
    const head_parse parsed =
        parse_response_head(unread(), limits_.head, fields_, verb_, head, scanned);
    if (parsed.state == head_parse::incomplete) {
      const auto got = co_await fill();
      heard_ = heard_ || (got && *got != 0);
      if (got && *got != 0) continue;
      const bool begun = interim_count != 0 || !unread().empty();
      co_return fail(ended(begun ? client_error::closed_early : client_error::no_response));
    }
    // Nobody asked for another protocol, so what follows a 101 cannot be understood.
    const bool switches = head.status == static_cast<int>(status::switching_protocols);
    if (parsed.state == head_parse::error || switches) break;
    if (!is_interim(head.status)) {
      if (interim_count == 0 && is_of_before(head)) co_return fail(client_error::no_response);
      accept_head(head, parsed.bytes);
      co_return head;
    }
    in_begin_ += parsed.bytes;
    scanned = 0;
    ++interim_count;
  }
  co_return fail(client_error::malformed);
}

/// A server that was tired of waiting says so and closes (408), and a request may cross that. It is
/// no answer to one that came at once and as a whole.
bool client_connection::is_of_before(const response_head& head) const noexcept {
  return is_reused_ && is_small_ && !head.keep_alive &&
         head.status == static_cast<int>(status::request_timeout);
}

void client_connection::accept_head(response_head& head, std::size_t bytes) {
  const std::string_view text = unread().substr(0, bytes);
  head_bytes_.clear();
  head_bytes_.append(text);
  rebase(head, fields_, text, head_bytes_.data());
  in_begin_ += bytes;
  body_ = body_reader(head.body, head.content_length, limits_.body_bytes_max, limits_.chunk);
  keep_alive_ = keep_alive_ && head.keep_alive;
}

task<result<std::string_view, client_error>> client_connection::read_body() {
  for (;;) {
    if (const auto part = part_at_hand()) co_return *part;
    const auto got = co_await fill();
    if (got && *got != 0) continue;
    if (!got || starved_ || body_.kind() != body_kind::until_close) {
      co_return fail(ended(client_error::closed_early));
    }
    body_ = {};
  }
}

std::optional<result<std::string_view, client_error>> client_connection::part_at_hand() {
  while (!body_.complete()) {
    const body_reader::part step = body_.next(unread());
    if (step.status != 0) {
      const bool is_large = step.status == static_cast<int>(status::content_too_large);
      return fail(is_large ? client_error::too_large : client_error::malformed);
    }
    in_begin_ += step.consumed;
    if (!step.trailers.empty()) trailer_lines_.append(step.trailers);
    if (!step.data.empty()) return step.data;
    if (step.consumed == 0) return {};  // else it was framing
  }
  answered_ = true;
  return std::string_view();
}

std::span<const header_field> client_connection::trailers() {
  if (!answered_ || trailer_lines_.empty()) return {};
  if (!trailers_.empty()) return trailers_;
  trailer_lines_.append("\r\n");
  trailers_.resize(count_trailers(trailer_lines_.view()));
  trailers_.resize(parse_trailers(trailer_lines_.view(), trailers_).size());
  if (trailers_.empty()) trailer_lines_.clear();
  return trailers_;
}

/// Receives more. Memory that `unread` points to may move.
task<result<std::size_t, std::error_code>> client_connection::fill() {
  result<std::size_t, std::error_code> got;
  if (ahead_ != nullptr && ahead_->begun()) {
    const std::int32_t read = co_await *ahead_;
    in_ = ahead_->take();
    if (read >= 0) {
      got = static_cast<std::size_t>(read);
    } else {
      got = fail(std::error_code(-read, std::system_category()));
    }
  } else {
    in_.consume(std::exchange(in_begin_, 0));
    auto* const at = reinterpret_cast<std::byte*>(in_.prepare(read_bytes));
    got = co_await stream_.read({at, read_bytes});
    if (got) in_.commit(*got);
  }
  if (!got) note(got.error());
  lost_ = !starved_ && (!got || *got == 0);
  co_return got;
}

bool client_connection::is_quiet() const noexcept {
  return stream_.loop().io().peek(stream_.socket()) == -EAGAIN;
}

void client_connection::watch(void (*heard)(void*) noexcept, void* context) {
  FERRULE_ASSERT(reusable(), "a connection is watched while it is in use");
  if (ahead_ == nullptr) ahead_ = std::make_unique<read_ahead>();
  if (ahead_->begun()) return;
  in_.clear();
  in_begin_ = 0;
  ahead_->start(stream_, std::move(in_), read_bytes, heard, context);
}

task<> client_connection::close() {
  if (ahead_ != nullptr) ahead_->mute();
  co_await stream_.close();
}

}  // namespace ferrule::http
