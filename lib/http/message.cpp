#include "ferrule/http/message.hpp"

#include <cstddef>
#include <functional>

namespace ferrule::http {
namespace {

// Moves views from one place to another; what lies elsewhere, such as static text, stays.
struct mover {
  std::string_view from;
  const char* to;

  std::string_view operator()(std::string_view text) const noexcept {
    const std::less_equal<const char*> not_after;
    const bool inside = text.data() != nullptr && not_after(from.data(), text.data()) &&
                        not_after(text.data() + text.size(), from.data() + from.size());
    return inside ? std::string_view(to + (text.data() - from.data()), text.size()) : text;
  }

  std::span<const header_field> operator()(std::span<const header_field> fields,
                                           std::span<header_field> storage) const noexcept {
    for (std::size_t i = 0; i != fields.size(); ++i) {
      storage[i] = {(*this)(fields[i].name), (*this)(fields[i].value)};
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
