#include "ferrule/core/stop.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace ferrule {
namespace {

// Notes that it heard; may do something more then.
struct listener : stop_callback {
  explicit listener(int& heard_by_all)
      : stop_callback([](stop_callback& self) noexcept {
          auto& me = static_cast<listener&>(self);
          ++me.heard;
          ++me.total;
          if (me.also_detaches != nullptr) me.also_detaches->detach();
        }),
        total(heard_by_all) {}
  int heard = 0;
  int& total;
  listener* also_detaches = nullptr;
};

TEST(stop_source, tells_everyone_once) {
  int total = 0;
  stop_source source;
  listener a(total);
  listener b(total);
  source.attach(a);
  source.attach(b);
  EXPECT_FALSE(source.stop_requested());
  source.request_stop(stop_reason::drain);
  source.request_stop(stop_reason::deadline);
  EXPECT_EQ(a.heard, 1);
  EXPECT_EQ(b.heard, 1);
  EXPECT_EQ(source.reason(), stop_reason::drain) << "the first reason stays";
}

TEST(stop_source, does_not_tell_who_left) {
  int total = 0;
  stop_source source;
  listener stays(total);
  {
    listener goes(total);
    source.attach(stays);
    source.attach(goes);
  }
  listener leaves(total);
  source.attach(leaves);
  leaves.detach();
  leaves.detach();
  source.request_stop();
  EXPECT_EQ(total, 1);
}

TEST(stop_source, callbacks_may_detach_each_other) {
  int total = 0;
  stop_source source;
  listener a(total);
  listener b(total);
  a.also_detaches = &b;
  b.also_detaches = &a;
  source.attach(a);
  source.attach(b);
  source.request_stop();
  EXPECT_EQ(total, 1);
}

TEST(stop_source, may_die_before_its_listeners) {
  int total = 0;
  auto source = std::make_unique<stop_source>();
  listener a(total);
  source->attach(a);
  source.reset();
  a.detach();
  EXPECT_EQ(total, 0);
}

TEST(stop_source, attaching_again_moves) {
  int total = 0;
  stop_source first;
  stop_source second;
  listener a(total);
  first.attach(a);
  second.attach(a);
  first.request_stop();
  EXPECT_EQ(total, 0);
  second.request_stop();
  EXPECT_EQ(total, 1);
}

TEST(stop_link, hands_a_stop_on_with_its_reason) {
  stop_source outer;
  stop_source inner;
  const stop_link link(outer, inner);
  outer.request_stop(stop_reason::disconnect);
  EXPECT_EQ(inner.reason(), stop_reason::disconnect);
}

TEST(stop_link, hands_on_what_was_requested_before) {
  stop_source outer;
  outer.request_stop(stop_reason::deadline);
  stop_source inner;
  const stop_link link(outer, inner);
  EXPECT_EQ(inner.reason(), stop_reason::deadline);
}

TEST(stop_link, goes_one_way) {
  stop_source outer;
  stop_source inner;
  {
    const stop_link link(outer, inner);
  }
  outer.request_stop();
  EXPECT_FALSE(inner.stop_requested());
}

}  // namespace
}  // namespace ferrule
