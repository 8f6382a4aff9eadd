#include "ferrule/api/response.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <type_traits>

namespace ferrule {
namespace {

std::string refusal_of(std::string name, std::string value) {
  try {
    static_cast<void>(response().field(std::move(name), std::move(value)));
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "";
}

TEST(response, has_the_fields_that_it_is_given_in_order) {
  const response made =
      response{.status = 200}.field("Set-Cookie", "a=1").field("Set-Cookie", "b=\xc3\xa9\t2");
  const response_fields expected{{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=\xc3\xa9\t2"}};
  EXPECT_EQ(made.fields, expected);
  EXPECT_EQ(with_status(202, 7).field("Set-Cookie", "a=1").fields.size(), 1U);
  EXPECT_EQ(redirect(303, "/").field("Set-Cookie", "a=1").fields.size(), 1U);
}

TEST(response, refuses_fields_that_no_response_can_carry) {
  EXPECT_EQ(refusal_of("X-A", "a\r\nX-B: b"),
            "header field 'X-A': its value holds a line end or a control character");
  for (const std::string& value : {std::string("a\n"), std::string("a\rb"), std::string("a\0b", 3),
                                   std::string("\x7f")}) {
    EXPECT_NE(refusal_of("X-A", value), "");
  }
  EXPECT_EQ(refusal_of("X A", "a"), "header field 'X A': its name is no token");
  EXPECT_NE(refusal_of("", "a"), "");
  for (const char* name : {"date", "Content-Length", "transfer-encoding", "Connection"}) {
    EXPECT_NE(refusal_of(name, "1").find("the server writes it"), std::string::npos) << name;
  }
  EXPECT_NE(refusal_of("content-type", "a/b").find("Content-Type"), std::string::npos);
  EXPECT_EQ(refusal_of("X-A", ""), "");
}

TEST(response, of_a_status_tells_its_type_and_keeps_its_value) {
  static_assert(
      std::is_same_v<decltype(with_status(202, std::string())), with_status<std::string>>);
  static_assert(std::is_same_v<decltype(redirect(303, "/")), redirect<>>);
  EXPECT_EQ(with_status(202, std::string("a")).value, "a");
  EXPECT_EQ(redirect(307, "/a").location, "/a");
}

}  // namespace
}  // namespace ferrule
