#include "ferrule/http/client_response.hpp"

namespace ferrule::http {

client_response client_response::make(int status, std::span<const header_field> fields,
                                      std::string_view body) {
  client_response made;
  std::size_t bytes = 0;
  for (const header_field& field : fields) bytes += field.name.size() + field.value.size();
  made.head_bytes_.reserve(bytes);  // so that the views into it last
  const auto keep = [&made](std::string_view text) {
    made.head_bytes_.append(text);
    return made.head_bytes_.view().substr(made.head_bytes_.size() - text.size());
  };
  for (const header_field& field : fields) {
    const std::string_view name = keep(field.name);
    made.fields_.push_back({name, keep(field.value)});
  }
  made.body_.append(body);
  made.head_.status = status;
  made.head_.content_length = body.size();
  made.head_.body = body.empty() ? body_kind::none : body_kind::length;
  made.head_.fields = made.fields_;
  return made;
}

}  // namespace ferrule::http
