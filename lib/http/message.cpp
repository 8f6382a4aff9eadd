#include "ferrule/http/message.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace ferrule::http {
namespace {

// Moves views from one place to another; what lies elsewhere, such as static text, stays.
struct mover {
  std::string_view from;
  const char* to;

  std::string_view operator()(std::string_view text) const noexcept {
    // As numbers: pointers into different objects cannot be subtracted.
    const auto offset = reinterpret_cast<std::uintptr_t>(text.data()) -
                        reinterpret_cast<std::uintptr_t>(from.data());
    const bool inside = offset < from.size();
    return inside ? std::string_view(to + offset, text.size()) : text;
  }

  std::span<const header_field> operator()(std::span<const header_field> fields,
                                           std::span<header_field> storage) const noexcept {
    for (std::size_t i = 0; i != fields.size(); ++i) {
      const header_field moved{(*this)(fields[i].name), (*this)(fields[i].value)};
      std::construct_at(&storage[i], moved);
    }
    return storage.first(fields.size());
  }
};

}  // namespace

void rebase(request_head& head, std::span<header_field> storage, std::string_view from,
            const char* to) noexcept {
  const mover moved{from, to};
  for (std::string_view* text :
       {&head.method_text, &head.target, &head.path, &head.query, &head.host}) {
    *text = moved(*text);
  }
  head.fields = moved(head.fields, storage);
}

void rebase(response_head& head, std::span<header_field> storage, std::string_view from,
            const char* to) noexcept {
  const mover moved{from, to};
  head.reason = moved(head.reason);
  head.fields = moved(head.fields, storage);
}

}  // namespace ferrule::http
