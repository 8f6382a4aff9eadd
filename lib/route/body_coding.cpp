#include "ferrule/route/body_coding.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "ferrule/compress/linked.hpp"
#include "ferrule/http/fields.hpp"
#include "ferrule/route/failure.hpp"

namespace ferrule::detail {
namespace {

// Text compresses by 20, and JSON of one line repeated by some 100.
constexpr std::uint32_t ratio_max = 200;
// So little becomes half a megabyte at most.
constexpr std::size_t slice_bytes = 512;
// Of the memory for what a slice becomes, as much as most need is kept for the next one.
constexpr std::size_t kept_bytes_max = 65536;

using decoder = std::unique_ptr<linked_decompressor>;

struct refusal {
  int status;
  const char* detail;
};

constexpr refusal refusal_for(decompress_error error) noexcept {
  switch (error) {
    case decompress_error::unknown_coding:
      return {415, "the body has a content coding that is not taken"};
    case decompress_error::malformed:
      return {400, "the body is not in its content coding"};
    case decompress_error::truncated:
      return {400, "the body ends before its content coding does"};
    case decompress_error::too_large:
      break;
  }
  return {413, "the body is too large when decoded"};
}

/// The values of all Content-Encoding fields, in their order.
std::string codings_of(const request& r) {
  std::string all;
  for (const header_field& field : r.fields) {
    if (!equal_ignoring_case(field.name, "Content-Encoding")) continue;
    all.append(all.empty() ? "" : ",").append(field.value);
  }
  return all;
}

/// Whether the codings in a list change nothing.
bool is_identity(std::string_view codings) noexcept {
  constexpr std::string_view separators = ", \t";
  for (;;) {
    const std::size_t begin = codings.find_first_not_of(separators);
    if (begin == codings.npos) return true;
    codings.remove_prefix(begin);
    const std::string_view coding = codings.substr(0, codings.find_first_of(separators));
    if (!equal_ignoring_case(coding, "identity")) return false;
    codings.remove_prefix(coding.size());
  }
}

bool refuse(const outlet& out, decompress_error error) {
  const refusal why = refusal_for(error);
  const std::array<header_field, 1> fields{
      {{"Accept-Encoding", has_decompressor() ? decompressor::accepted : "identity"}}};
  const auto sent = std::span<const header_field>(fields).first(why.status == 415 ? 1 : 0);
  send_problem(out, {.status = why.status, .detail = why.detail}, sent);
  return false;
}

/// Makes a decoder, or none where there is nothing to undo. False: the request was answered.
bool make_decoder(const outlet& out, decoder& into) {
  const request& r = out.exchange().request();
  if (r.body == body_kind::none) return true;
  const std::string codings = codings_of(r);
  if (is_identity(codings)) return true;
  if (!has_decompressor()) return refuse(out, decompress_error::unknown_coding);
  auto made = make_linked_decompressor(
      codings, {.bytes_max = out.exchange().match().body_bytes_max, .ratio_max = ratio_max});
  if (!made) return refuse(out, made.error());
  into = std::move(*made);
  return true;
}

/// Decodes what is read in parts.
class decoding final : public http::body_filter {
 public:
  explicit decoding(decoder by) noexcept : decoder_(std::move(by)) {}

  void give(std::string_view part) override {
    has_ended_ = part.empty();
    has_begun_ = has_begun_ || !has_ended_;
    rest_ = part;
  }
  step next() override {
    plain_.clear();
    if (plain_.capacity() > kept_bytes_max) plain_ = buffer();  // it may wait long for the client
    while (!rest_.empty() && plain_.empty()) {
      const std::string_view slice = rest_.substr(0, slice_bytes);
      rest_.remove_prefix(slice.size());
      if (const auto fed = decoder_->feed(slice, plain_); !fed) return fault(fed.error());
    }
    if (!plain_.empty()) return {.is = step::data, .bytes = plain_.view()};
    if (!has_ended_) return {.is = step::more};
    if (!has_begun_) return {.is = step::end};
    if (const auto ended = decoder_->finish(); !ended) return fault(ended.error());
    return {.is = step::end};
  }
  std::size_t held_bytes() const noexcept override {
    return decoder_->held_bytes() + plain_.capacity();
  }

 private:
  static step fault(decompress_error error) noexcept {
    const refusal why = refusal_for(error);
    return {.is = step::fault, .status = why.status, .reason = why.detail};
  }

  decoder decoder_;
  std::string_view rest_;  // of the part that was given
  buffer plain_;
  bool has_begun_ = false;  // an empty body is in no coding, chunked or not
  bool has_ended_ = false;
};

}  // namespace

bool decode_body(const outlet& out) {
  decoder made;
  if (!make_decoder(out, made)) return false;
  if (made == nullptr) return true;
  http::exchange& ex = out.exchange();
  if (ex.asked().body.empty()) return true;  // in chunks
  buffer plain;
  const auto done = made->feed(ex.asked().body, plain).and_then([&] { return made->finish(); });
  if (!done) return refuse(out, done.error());
  if (!ex.has_room(plain.size())) {
    send_problem(out, {.status = 503,
                       .detail = std::string(http::too_much_held),
                       .retry_after = std::chrono::seconds(1)});
    return false;
  }
  char* const kept = ex.keep(plain.size());
  if (!plain.empty()) std::memcpy(kept, plain.data(), plain.size());
  ex.asked().body = {kept, plain.size()};
  return true;
}

bool decode_stream(const outlet& out) {
  decoder made;
  if (!make_decoder(out, made)) return false;
  if (made != nullptr) out.exchange().filter_body(std::make_unique<decoding>(std::move(made)));
  return true;
}

}  // namespace ferrule::detail
