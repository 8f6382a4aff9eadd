// The service without a socket: a request in, its response out.
#include <cstdio>
#include <ferrule/test/call.hpp>

#include "app.hpp"

namespace {

using @id@_service::routes;
using ferrule::test::call;

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  ++failures;
}

}  // namespace

int main() {
  expect(call<routes>("GET /greetings/Ada").body == R"({"text":"Hello, Ada!"})", "a greeting");
  expect(call<routes>({.line = "GET /greetings/" + std::string(51, 'a')}).status == 422,
         "a name that is too long is refused");
  expect(call<routes>("GET /nowhere").status == 404, "an unknown path is refused");
  expect(call<routes>("GET /health").body == R"({"status":"ok"})", "health");
  return failures == 0 ? 0 : 1;
}
