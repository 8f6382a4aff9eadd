#include "conversation.hpp"

#include <algorithm>

namespace ferrule::wire {
namespace {

constexpr std::string_view next_request = "GET /items/next HTTP/1.1\r\nHost: next\r\n\r\n";

const expected_answer next_answer{.status = 200, .body = "item next"};

/// What can be compared with the answer to another splitting of the same bytes.
std::string comparable(const answer& got) {
  std::string text = std::to_string(got.status) + "\n";
  for (const auto& [name, value] : got.fields) {
    if (name != "Date") text += name + ": " + value + "\n";
  }
  std::string body = got.body;
  constexpr std::string_view id = "\"trace_id\":\"";
  if (const std::size_t at = body.find(id); at != body.npos) body.erase(at + id.size(), 32);
  return text + "\n" + body + "\n";
}

}  // namespace

std::string splitting::name() const {
  if (every_byte) return "byte by byte";
  if (more_behind) return "with a request behind it";
  if (fin_behind) return "with FIN behind it";
  return at == none ? "in one piece" : "split at " + std::to_string(at);
}

conversation::conversation(reactor& loop, const address& to, const wire_case& played, splitting how)
    : client_(loop, to), case_(played), how_(how) {}

void conversation::advance() {
  if (done_) return;
  if (client_.received().size() != heard_) moved_ = true;
  heard_ = client_.received().size();
  if (!read_answers()) return;
  if (client_.ended()) return finish();
  if (!client_.connected() || !client_.sent()) return;
  const bool answered = answer_ == step().answers.size();
  if (sent_ == step().bytes.size() && answered && step_ + 1 != case_.steps.size()) {
    before_ += sent_;
    sent_ = answer_ = 0;
    ++step_;
  }
  if (sent_ != step().bytes.size()) return send_next();
  if (!all_sent() || last_word_sent_ || (!answered && !how_.fin_behind)) return;
  if (end() == fate::open) {
    client_.send(std::string(next_request));
  } else if (end() == fate::waits || how_.fin_behind) {
    client_.send_fin();
  } else {
    return;
  }
  last_word_sent_ = moved_ = true;
}

/// Whether to go on.
bool conversation::read_answers() {
  while (read_ != client_.received().size()) {
    const bool after_all = answer_ == step().answers.size();
    const bool is_next = after_all && end() == fate::open && last_word_sent_;
    const expected_answer* wanted = is_next     ? &next_answer
                                    : after_all ? nullptr
                                                : &step().answers[answer_];
    answer_context context{.ended = client_.ended()};
    if (wanted != nullptr) {
      context.to_head = wanted->to_head;
      context.until_close_allowed = wanted->until_close;
    }
    const answer_reading got =
        read_answer(std::string_view(client_.received()).substr(read_), context);
    if (!got.fault.empty()) return fail(got.fault), false;
    if (!got.whole) return true;
    if (wanted == nullptr && end() == fate::waits && got.whole->status >= 400) {
      read_ += got.consumed;
      continue;
    }
    if (wanted == nullptr) return fail("an answer too much"), false;
    if (announced_close_) return fail("an answer after Connection: close"), false;
    if (wanted->optional && wanted->status != got.whole->status) {
      ++answer_;
      continue;
    }
    read_ += got.consumed;
    if (!judge(*got.whole, *wanted)) return false;
    if (!wanted->optional && !is_next) transcript_ += comparable(*got.whole);
    if (is_next) {
      done_ = true;
      return false;
    }
    ++answer_;
  }
  return true;
}

bool conversation::judge(const answer& got, const expected_answer& wanted) {
  announced_close_ = got.lists("Connection", "close");
  if (got.status != wanted.status) {
    fail("status " + std::to_string(got.status) + " instead of " + std::to_string(wanted.status));
  } else if (wanted.body && got.body != *wanted.body) {
    fail("another body than " + printable(*wanted.body));
  } else if (got.until_close != wanted.until_close) {
    fail("the body should end with the connection");
  }
  for (const auto& [name, value] : wanted.fields) {
    const std::string* const found = got.field(name);
    if (found == nullptr || *found != value) fail("not " + name + ": " + value);
  }
  for (const std::string& name : wanted.absent) {
    if (got.field(name) != nullptr) fail("a field too much: " + name);
  }
  return fault_.empty();
}

void conversation::send_next() {
  const wire_step& now = step();
  std::size_t end = now.bytes.size();
  if (how_.every_byte) {
    end = *std::ranges::upper_bound(now.cuts, sent_);
  } else if (how_.at != splitting::none && how_.at > before_ + sent_) {
    end = std::min(end, how_.at - before_);
  }
  std::string piece = now.bytes.substr(sent_, end - sent_);
  sent_ = end;
  if (how_.more_behind && all_sent()) piece += next_request;
  client_.send(std::move(piece));
  moved_ = true;
}

/// The connection has ended.
void conversation::finish() {
  const expected_answer* const missing =
      answer_ == step().answers.size() ? nullptr : &step().answers[answer_];
  if (end() == fate::open) return fail("closed too early");
  if (missing != nullptr && !missing->optional) return fail("closed without an answer");
  if (step_ + 1 != case_.steps.size()) return fail("closed before all was sent");
  if (end() == fate::waits && !last_word_sent_) return fail("closed too early");
  const bool announces = end() == fate::closed || end() == fate::closed_early;
  if (announces || end() == fate::closed_late) {
    if (read_ != client_.received().size()) return fail("something after the last answer");
    if (client_.receiving.result != 0) return fail("reset instead of closed");
    if (announces && !announced_close_) return fail("closed without Connection: close");
  }
  done_ = true;
}

void conversation::give_up() {
  if (done_) return;
  fail(end() == fate::open || answer_ != step().answers.size() ? "no response" : "still open");
}

void conversation::fail(std::string why) {
  done_ = true;
  if (fault_.empty()) fault_ = std::move(why);
}

}  // namespace ferrule::wire
