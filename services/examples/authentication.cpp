// Authentication: a handler takes the user who asks as an argument, and is not called without one.
//
//   $ authentication --tokens ada:s3cret,root:t0psecret --port 8000
//
//   $ curl -s http://127.0.0.1:8000/me
//   {"type":"about:blank","title":"Send Authorization: Bearer TOKEN","status":401,"trace_id":"..."}
//   $ curl -si http://127.0.0.1:8000/me | grep -i authenticate
//   WWW-Authenticate: Bearer
//   $ curl -s -H 'authorization: Bearer s3cret' http://127.0.0.1:8000/me
//   {"name":"ada"}
//   $ curl -s -H 'authorization: Bearer s3cret' -X DELETE http://127.0.0.1:8000/articles/7
//   {"type":"about:blank","title":"For root only","status":403,"trace_id":"..."}
//   $ curl -s -H 'authorization: Bearer t0psecret' -X DELETE http://127.0.0.1:8000/articles/7
//   root deleted article 7
#include <ferrule/ferrule.hpp>
using namespace ferrule;

struct token_list {
  static constexpr bool thread_safe = true;                // nobody writes to it once it is served
  std::vector<std::pair<std::string, std::string>> users;  // name and token
};

struct user {
  std::string name;
};
struct administrator {
  std::string name;
};

enum class denial : std::uint8_t { unknown, not_root };
problem to_problem(denial why) {
  if (why == denial::not_root) return {.status = 403, .title = "For root only"};
  return problem{.status = 401, .title = "Send Authorization: Bearer TOKEN"}
      .field("WWW-Authenticate", "Bearer");  // has to be there (RFC 9110 section 15.5.2)
}

// How long it takes says nothing about where the two differ.
bool is_same_secret(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i != one.size(); ++i) {
    difference |= static_cast<unsigned char>(one[i]) ^ static_cast<unsigned char>(other[i]);
  }
  return difference == 0;
}

template <>
struct ferrule::extractor<user> {
  static result<user, denial> extract(header<"Authorization"> sent, const token_list& known) {
    constexpr std::string_view scheme = "Bearer ";  // in any case
    if (!sent || !equal_ignoring_case(sent->substr(0, scheme.size()), scheme)) {
      return fail(denial::unknown);
    }
    for (const auto& [name, token] : known.users) {
      if (is_same_secret(sent->substr(scheme.size()), token)) return user{name};
    }
    return fail(denial::unknown);
  }
};
template <>
struct ferrule::extractor<administrator> {  // stands on the other one
  static result<administrator, denial> extract(user who) {
    if (who.name != "root") return fail(denial::not_root);
    return administrator{std::move(who.name)};
  }
};

user show_me(user who) { return who; }
std::string remove_article(administrator who, std::uint64_t id) {
  return fmt::format("{} deleted article {}\n", who.name, id);
}

constexpr auto routes =
    route_table(route<"GET /me">(show_me), route<"DELETE /articles/{id}">(remove_article));

std::string add_tokens(void* target, std::string_view list) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    const std::size_t colon = one.find(':');
    if (colon == one.npos || colon + 1 == one.size()) return "must be NAME:TOKEN,NAME:TOKEN...";
    static_cast<token_list*>(target)->users.emplace_back(one.substr(0, colon),
                                                         one.substr(colon + 1));
    list.remove_prefix(std::min(one.size() + 1, list.size()));
  }
  return {};
}
constexpr option options[] = {
    {"tokens", "LIST", "NAME:TOKEN,...; better in FERRULE_TOKENS, where ps does not show it",
     add_tokens}};

int main(int argc, char** argv) {
  token_list known;
  return serve<routes>({.port = 8000}, argc, argv, {options, &known}, shared(known));
}
