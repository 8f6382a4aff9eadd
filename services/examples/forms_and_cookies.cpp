// Forms and cookies: pages for browsers. A form's fields are an aggregate, like a query or JSON; a
// cookie is an argument. After a POST the browser is sent elsewhere: reloading posts nothing.
//
//   $ forms_and_cookies --port 8000
//
//   $ curl -s http://127.0.0.1:8000/
//   <!doctype html><title>Guests</title><p>Hello, stranger!<form method="post" \
//       action="/name"><input name="name" required><button>That's me</button></form>
//   $ curl -s -c jar -d 'name=Ada%20%26%20Co' -w '%{http_code} %{redirect_url}\n' \
//       http://127.0.0.1:8000/name
//   303 http://127.0.0.1:8000/
//   $ curl -s -b jar http://127.0.0.1:8000/ | grep -o 'Hello, [^!]*'
//   Hello, Ada &amp; Co
//   $ curl -s -d 'name=' http://127.0.0.1:8000/name
//   {"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"the form is not \
//       what this route takes","trace_id":"...","errors":[{"detail":"must have from 1 to 60 \
//       characters","parameter":"name"}]}
#include <ferrule/ferrule.hpp>

#include <charconv>
using namespace ferrule;

struct guest {
  std::string_view name;
  static constexpr json::member_limits json_limits[] = {
      {.member = "name", .size_min = 1, .size_max = 60, .form = &json::plain_text}};
};

// A cookie holds few of all characters (RFC 6265), so that a name is written in hexadecimal digits.
std::string to_cookie(std::string_view text) {
  std::string hex;
  for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}
std::string from_cookie(std::string_view hex) {  // a client may send any
  std::string text;
  for (; hex.size() > 1; hex.remove_prefix(2)) {
    unsigned char byte = 0;
    if (std::from_chars(hex.data(), hex.data() + 2, byte, 16).ptr != hex.data() + 2) return {};
    text += static_cast<char>(byte);
  }
  return json::is_plain_text(text) ? text : std::string();
}

response show_page(cookie<"name"> name) {
  const std::string who = name ? escape_html(from_cookie(*name)) : "stranger";
  return response{.content_type = "text/html; charset=utf-8",
                  .body = fmt::format(R"(<!doctype html><title>Guests</title><p>Hello, {}!)"
                                      R"(<form method="post" action="/name">)"
                                      R"(<input name="name" required>)"
                                      R"(<button>That's me</button></form>)"
                                      "\n",
                                      who)}
      .field("Content-Security-Policy", "default-src 'none'; form-action 'self'");
}

redirect<303> set_name(form<guest> sent) {
  return redirect<303>{303, "/"}.field(
      "Set-Cookie", fmt::format("name={}; HttpOnly; SameSite=Strict; Path=/; Max-Age=86400",
                                to_cookie(sent->name)));
}

constexpr auto routes = route_table(route<"GET /">(show_page), route<"POST /name">(set_name));

int main(int argc, char** argv) { return serve<routes>({.port = 8000}, argc, argv); }
