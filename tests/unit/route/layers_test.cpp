#include "ferrule/route/layers.hpp"

#include <gtest/gtest.h>

#include "ferrule/core/frame_pool.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using test::call;

struct only_staff {
  std::optional<problem> before(const request& r) const {
    if (r.header("X-Staff") == "yes") return std::nullopt;
    return problem{.status = 403};
  }
};

/// Leaves its letter in the answer, on the way in and out.
template <char Letter>
struct marked {
  struct local {
    std::string name;
  };
  void before(const request& r, local& l) const {
    l.name = std::string(1, Letter) + std::string(r.path);
  }
  void after(answer& a, local& l) const { a.add_field("X-Mark", l.name); }
};

struct teapot {
  void after(answer& a) const {
    if (a.status == 404 && a.body().find("Not Found") != std::string_view::npos) a.status = 418;
  }
};

struct counter {
  int before = 0;
  int after = 0;
};
struct counted {
  void before(counter& c) const { ++c.before; }
  void after(counter& c, const request&) const { ++c.after; }
};

struct slow_check {
  task<result<void, problem>> before(const request& r) const {
    co_await sleep(1ms);
    if (r.query == "bad") co_return fail(problem{.status = 401});
    co_return result<void, problem>();
  }
};
struct slow_start {
  task<> before() const { co_await sleep(1ms); }
};
struct answers_itself {
  std::optional<response> before() const { return response{.status = 299}; }
};
struct failing_after {
  void after(answer&) const { throw std::runtime_error("after"); }
};

task<std::string> later(std::string_view text) {
  co_await sleep(1ms);
  co_return std::string(text);
}
response_stream stream() { co_yield "part"; }
int throws() { throw std::runtime_error("handler"); }

constexpr auto hello = [] { return "Hello"; };

constexpr auto routes =
    route_table(with(marked<'a'>{}, teapot{}), route<"GET /">(hello),
                route<"GET /inner">(hello, with(marked<'b'>{})),
                route<"GET /staff">(hello, with(only_staff{}, marked<'c'>{})),
                route<"GET /later/{x}">(later), route<"GET /stream">(stream),
                route<"GET /throws">(throws), route<"GET /number/{n}">([](int n) { return n; }));

std::vector<std::string> marks(const test::call_answer& a) {
  std::vector<std::string> found;
  for (const auto& [name, value] : a.fields) {
    if (name == "X-Mark") found.push_back(value);
  }
  return found;
}
using list = std::vector<std::string>;

struct layers : testing::Test {
  layers() {
    set_exception_log([](const escaped_exception&) noexcept {});
  }
  ~layers() override { set_exception_log(nullptr); }
};

TEST_F(layers, of_a_table_are_outside_those_of_a_route) {
  EXPECT_EQ(marks(call<routes>("GET /")), list{"a/"});
  EXPECT_EQ(marks(call<routes>("GET /inner")), (list{"b/inner", "a/inner"}));
}

TEST_F(layers, may_answer_instead_of_the_handler) {
  EXPECT_EQ(call<routes>("GET /staff").status, 403);
  EXPECT_EQ(marks(call<routes>("GET /staff")), list{"a/staff"});  // the inner one was not begun
  const auto allowed = call<routes>({.line = "GET /staff", .fields = {{"X-Staff", "yes"}}});
  EXPECT_EQ(allowed.body, "Hello");
  EXPECT_EQ(marks(allowed), (list{"c/staff", "a/staff"}));
}

TEST_F(layers, see_every_answer_and_may_change_it) {
  EXPECT_EQ(marks(call<routes>("GET /later/x")), list{"a/later/x"});
  EXPECT_EQ(call<routes>("GET /later/x").body, "x");
  EXPECT_EQ(marks(call<routes>("GET /stream")), list{"a/stream"});
  EXPECT_EQ(call<routes>("GET /stream").body, "part");
  EXPECT_EQ(marks(call<routes>("GET /throws")), list{"a/throws"});
  EXPECT_EQ(call<routes>("GET /throws").status, 500);
  EXPECT_EQ(marks(call<routes>("GET /number/x")), list{"a/number/x"});
  EXPECT_EQ(call<routes>("GET /number/x").status, 400);
  EXPECT_EQ(call<routes>("GET /nowhere").status, 418);
  EXPECT_EQ(marks(call<routes>("OPTIONS *")), list{"a*"});
}

TEST_F(layers, take_state) {
  static constexpr auto counting =
      route_table(with(counted{}), route<"GET /">([](const counter& c) { return c.before; }));
  counter c;
  EXPECT_EQ(call<counting>("GET /", c).body, "1");
  EXPECT_EQ(c.after, 1);
}

TEST_F(layers, that_wait_make_the_route_a_coroutine) {
  static constexpr auto waiting =
      route_table(route<"GET /">(hello, with(marked<'a'>{}, slow_start{}, slow_check{})));
  EXPECT_TRUE(detail::program<waiting>::routes.traits[0].suspends);
  EXPECT_FALSE(detail::program<waiting>::routes.traits[1].suspends);
  const auto answer = call<waiting>("GET /");
  EXPECT_EQ(answer.body, "Hello");
  EXPECT_EQ(marks(answer), list{"a/"});
  EXPECT_GE(answer.took, 2ms);
  EXPECT_EQ(call<waiting>("GET /?bad").status, 401);
}

TEST_F(layers, that_do_not_wait_cost_no_frame) {
  static constexpr auto plain = route_table(with(teapot{}, marked<'a'>{}), route<"GET /">(hello));
  EXPECT_FALSE(detail::program<plain>::routes.traits[0].suspends);
  const auto before = frame_pool::stats().allocated;
  EXPECT_EQ(call<plain>("GET /").body, "Hello");
  EXPECT_EQ(frame_pool::stats().allocated, before);
}

TEST_F(layers, may_answer_with_a_response) {
  static constexpr auto all = route_table(with(answers_itself{}), route<"GET /">(hello));
  EXPECT_EQ(call<all>("GET /").status, 299);
  EXPECT_EQ(call<all>("GET /nowhere").status, 299);
}

TEST_F(layers, that_fail_after_the_handler_are_left_out_of_the_answer_about_it) {
  static constexpr auto failing =
      route_table(with(failing_after{}), route<"GET /">(hello), route<"GET /later/{x}">(later));
  EXPECT_EQ(call<failing>("GET /").status, 500);
  EXPECT_TRUE(call<failing>("GET /").is_complete);
  EXPECT_EQ(call<failing>("GET /later/x").status, 500);
}

}  // namespace
}  // namespace ferrule
