#include "ferrule/api/problem.hpp"

#include <gtest/gtest.h>

namespace ferrule {
namespace {

std::string text_of(const problem& what, std::string_view trace_id = "") {
  buffer out;
  detail::write_problem(out, what, trace_id);
  return std::string(out.view());
}

TEST(problem, has_the_phrase_of_its_status_unless_it_says_more) {
  EXPECT_EQ(text_of({.status = 404}), R"({"type":"about:blank","title":"Not Found","status":404})");
  EXPECT_EQ(text_of({.status = 404, .title = "No such user"}),
            R"({"type":"about:blank","title":"No such user","status":404})");
}

TEST(problem, renders_all_of_its_members) {
  const problem all{.status = 422,
                    .title = "Wrong",
                    .type = "https://example.com/wrong",
                    .detail = "a \"quote\"",
                    .instance = "/orders/7",
                    .errors = {{"too long", "/name"}, {"must be a number", "", "limit"}}};
  EXPECT_EQ(text_of(all, "0af7"),
            R"({"type":"https://example.com/wrong","title":"Wrong","status":422,)"
            R"("detail":"a \"quote\"","instance":"/orders/7","trace_id":"0af7","errors":[)"
            R"({"detail":"too long","pointer":"/name"},)"
            R"({"detail":"must be a number","parameter":"limit"}]})");
}

}  // namespace
}  // namespace ferrule
