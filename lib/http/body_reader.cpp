#include "ferrule/http/body_reader.hpp"

namespace ferrule::http {

body_reader::part body_reader::next(std::string_view bytes) noexcept {
  part step;
  std::uint64_t announced = 0;  // of a chunk that has begun
  if (kind_ == body_kind::none || bytes.empty()) return step;
  if (kind_ == body_kind::chunked) {
    const chunk_piece piece = decoder_.feed(bytes);
    step = {piece.consumed, piece.data, piece.trailers, piece.status, piece.reason};
    announced = decoder_.chunk_left();
    if (piece.state == chunk_state::done) kind_ = body_kind::none;
  } else {
    const bool counted = kind_ == body_kind::length;
    const auto size = static_cast<std::size_t>(
        counted ? std::min<std::uint64_t>(left_, bytes.size()) : bytes.size());
    step = {size, bytes.substr(0, size)};
    left_ -= counted ? size : 0;
    if (counted && left_ == 0) kind_ = body_kind::none;
  }
  if (step.data.size() + announced > room_)
    return {.status = 413, .reason = "the body is too large"};
  room_ -= step.data.size();
  return step;
}

}  // namespace ferrule::http
