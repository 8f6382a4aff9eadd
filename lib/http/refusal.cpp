#include "ferrule/http/refusal.hpp"

#include <fmt/format.h>

#include <cstring>

#include "ferrule/http/fields.hpp"
#include "ferrule/http/head_writer.hpp"
#include "ferrule/http/problem_text.hpp"
#include "ferrule/http/propagation.hpp"

namespace ferrule::http {

namespace {

class filtered_writer final : public refusal_writer {
 public:
  explicit filtered_writer(exchange& ex) noexcept : ex_(ex) {}
  void write(const answer_head& head, std::string_view body) override {
    ex_.respond_for_handler(head, body);
  }

 private:
  exchange& ex_;
};

}  // namespace

void service::refuse(exchange& ex, const refusal& why) { respond_problem(*this, ex, why); }
void service::word(const refusal& why, const route_traits*, refusal_writer& to) {
  write_refusal(why, to);
}
void service::refused(const refusal&) noexcept {}

trace_id_text::trace_id_text(const exchange& of) noexcept {
  // For a handler that cannot wait the fields were not looked at so far.
  const request& asked = of.request();
  const auto sent =
      asked.has_trusted_peer ? decode_trace(asked.header(trace_field)) : std::nullopt;
  if (const trace_context* trace = of.env().trace; trace != nullptr) {
    write(trace->trace_id);
  } else if (sent) {
    write(sent->trace_id);
  } else {
    *this = trace_id_text(of.env().loop->random());
  }
}

trace_id_text::trace_id_text(rng& random) noexcept {
  const std::array<std::uint64_t, 2> words{random(), random()};
  std::array<std::uint8_t, 16> id;
  std::memcpy(id.data(), words.data(), id.size());
  write(id);
}

void trace_id_text::write(const std::array<std::uint8_t, 16>& id) noexcept {
  constexpr std::string_view hexadecimal = "0123456789abcdef";
  for (std::size_t i = 0; i != id.size(); ++i) {
    digits_[2 * i] = hexadecimal[id[i] >> 4U];
    digits_[2 * i + 1] = hexadecimal[id[i] & 15U];
  }
}

void write_refusal(const refusal& why, refusal_writer& to) {
  buffer body;
  write_problem(body, why.status, why.reason, why.trace_id);
  to.write({why.status, problem_content_type, problem_fields(why.status)}, body.view());
}

void respond_problem(service& of, exchange& ex, const refusal& why) {
  filtered_writer to(ex);
  of.word(why, ex.match().traits, to);
}

std::string fault_of(const answer_head& head) {
  if (head.status < 200 || head.status > 599) return fmt::format("status {}", head.status);
  if (!is_field_value(head.content_type)) return "its content type";
  for (const header_field& field : head.fields) {
    const bool is_engines = equal_ignoring_case(field.name, "Date") ||
                            (!head.content_type.empty() &&
                             equal_ignoring_case(field.name, "Content-Type"));
    if (is_engines || !is_writable(field)) return fmt::format("field '{}'", field.name);
  }
  return {};
}

}  // namespace ferrule::http
