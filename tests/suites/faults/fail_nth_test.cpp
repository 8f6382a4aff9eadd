// Whatever fails first, in whatever place: no crash, no hang, no leak, no wrong answer, and the
// next connection is served.
#include <gtest/gtest.h>

#include <array>

#include "faulty_server.hpp"
#include "ferrule/route/failure.hpp"

namespace ferrule::test {
namespace {

/// Counts down to one failure.
struct nth {
  std::uint64_t left;
  bool strikes() { return left != 0 && --left == 0; }
};

template <class World>
class fail_nth : public testing::Test {
 protected:
  fail_nth() {
    set_exception_log([](const escaped_exception&) noexcept {});
  }
  ~fail_nth() override { set_exception_log(nullptr); }

  /// Each script with the n-th chance to fail taken, for every n until there is none left.
  /// `arrange(server, n)` sees to that and returns what tells whether it happened.
  template <class Arrange>
  void try_every(Arrange arrange) {
    if (faulty_server<World>().io() == nullptr) GTEST_SKIP();
    for (const script& each : scripts()) {
      constexpr std::uint64_t n_max = 5000;
      std::uint64_t n = 1;
      while (n <= n_max && try_one(each, n, arrange)) ++n;
      EXPECT_LE(n, n_max) << each.name << " never succeeds";
      EXPECT_GT(n, 1U) << each.name << " had nothing that could fail";
      if (testing::Test::HasFailure()) return;
    }
  }

 private:
  /// Returns whether the fault was met.
  template <class Arrange>
  bool try_one(const script& what, std::uint64_t n, Arrange arrange) {
    SCOPED_TRACE(testing::Message() << what.name << ", fault " << n);
    faulty_server<World> server;
    bool met = false;
    {
      const auto fault = arrange(server, n);
      const verdict heard = server.talk(what);
      met = fault->met();
      EXPECT_EQ(heard.wrong, "");
      if (!met) EXPECT_EQ(heard.right, what.answers.size()) << "nothing failed";
    }
    const verdict next = server.talk({"another", {get("/later/77")}, {later_77}});
    EXPECT_EQ(next.wrong, "");
    EXPECT_EQ(next.right, 1U) << "the next connection is not served";
    return met && !testing::Test::HasFailure();
  }

  static inline const std::string later_77 = "a longer answer than fits without the heap 77";
};

TYPED_TEST_SUITE(fail_nth, faulty_worlds);

/// While it lives, memory runs out.
struct memory_fault {
  memory_fault(failing_backend& at, std::uint64_t n, shortage kind) : io(at), memory(n, kind) {
    io.memory = &memory;
  }
  ~memory_fault() { io.memory = nullptr; }
  bool met() const { return memory.struck(); }

  failing_backend& io;
  failing_allocation memory;
};

TYPED_TEST(fail_nth, allocation) {
  this->try_every([](auto& server, std::uint64_t n) {
    return std::make_unique<memory_fault>(*server.io(), n, shortage::once);
  });
}

TYPED_TEST(fail_nth, allocation_and_all_after_it) {
  this->try_every([](auto& server, std::uint64_t n) {
    return std::make_unique<memory_fault>(*server.io(), n, shortage::lasting);
  });
}

/// While it lives, one operation fails, as it starts or when it completes.
struct operation_fault {
  enum class moment { start, completion };
  operation_fault(failing_backend& at, moment when, std::uint64_t n, std::int32_t error)
      : io(at), countdown{n} {
    auto& hook = when == moment::start ? io.at_start : io.at_completion;
    hook = [this, error](fallible) { return countdown.strikes() ? struck = true, error : 0; };
  }
  ~operation_fault() {
    io.at_start = io.at_completion = [](fallible) { return 0; };
  }
  bool met() const { return struck; }

  failing_backend& io;
  nth countdown;
  bool struck = false;
};

constexpr std::array errors = {-ECONNRESET, -ENOBUFS, -ENOMEM, -EMFILE};

TYPED_TEST(fail_nth, start_of_an_operation) {
  for (const std::int32_t error : errors) {
    this->try_every([error](auto& server, std::uint64_t n) {
      return std::make_unique<operation_fault>(*server.io(), operation_fault::moment::start, n,
                                               error);
    });
  }
}

TYPED_TEST(fail_nth, completion) {
  for (const std::int32_t error : errors) {
    this->try_every([error](auto& server, std::uint64_t n) {
      return std::make_unique<operation_fault>(*server.io(), operation_fault::moment::completion, n,
                                               error);
    });
  }
}

}  // namespace
}  // namespace ferrule::test
