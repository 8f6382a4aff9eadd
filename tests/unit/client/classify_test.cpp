// The table of what each class of outcome means: in code, and the same in calls.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "ferrule/client/classify.hpp"
#include "ferrule/json/enum_names.hpp"

namespace ferrule {
namespace {

template <class E>
std::string name_of(E value) {
  for (const auto& each : json::enumerators<E>) {
    if (each.value == value) return std::string(each.name);
  }
  return "?";
}

std::string words_of(std::string name) {
  std::ranges::replace(name, '_', ' ');
  return name;
}

const auto& classes = json::enumerators<outcome_class>;

TEST(outcome_table, has_a_line_for_each_class) {
  ASSERT_EQ(classes.size(), outcome_classes);
  for (std::size_t i = 0; i != classes.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(classes[i].value), i) << "no gaps";
  }
}

TEST(outcome_table, is_the_one_of_the_page) {
  std::ifstream page(CALLS_MD);
  ASSERT_TRUE(page.good());
  std::vector<std::string> lines;
  for (std::string line; std::getline(page, line);) lines.push_back(line);
  for (const auto& each : classes) {
    const outcome_meaning& meaning = meaning_of(each.value);
    const std::string begin = "| `" + std::string(each.name) + "` | ";
    const std::string end = " | " + words_of(name_of(meaning.retry)) + " | " +
                            (meaning.fails_over ? "yes" : "no") + " | " +
                            words_of(name_of(meaning.balancer)) + " | " +
                            words_of(name_of(meaning.ejection)) + " | " +
                            words_of(name_of(meaning.breaker)) + " | " +
                            words_of(name_of(meaning.limit)) + " |";
    EXPECT_EQ(std::ranges::count_if(lines,
                                    [&](const std::string& line) {
                                      return line.starts_with(begin) && line.ends_with(end);
                                    }),
              1)
        << begin << "..." << end;
  }
}

// What must hold whatever the lines say in detail.
TEST(outcome_table, blames_only_who_is_to_blame) {
  for (const auto& each : classes) {
    const outcome_meaning& meaning = meaning_of(each.value);
    const bool is_ours = each.value == outcome_class::cut_short ||
                         each.value == outcome_class::refused_here ||
                         each.value == outcome_class::not_sendable ||
                         each.value == outcome_class::not_taken;
    if (is_ours) {
      EXPECT_EQ(meaning.retry, retry_rule::never) << each.name;
      EXPECT_EQ(meaning.ejection, ejection_signal::none) << each.name;
      EXPECT_EQ(meaning.breaker, call_result::ignored) << each.name;
      const bool took_time = each.value == outcome_class::cut_short;
      EXPECT_EQ(meaning.limit, took_time ? limit_signal::at_least : limit_signal::none)
          << each.name;
    } else if (each.value == outcome_class::stale) {
      EXPECT_EQ(meaning.breaker, call_result::ignored);
      EXPECT_EQ(meaning.ejection, ejection_signal::none);
    } else {
      const bool is_good = each.value == outcome_class::success;
      EXPECT_EQ(meaning.balancer == latency_signal::taken, is_good) << each.name << " is not quick";
      EXPECT_NE(meaning.balancer, latency_signal::none) << each.name << " is not idle";
      EXPECT_EQ(meaning.fails_over, meaning.breaker == call_result::failed) << each.name;
    }
  }
  const auto is_unreachable = [](const auto& each) {
    return meaning_of(each.value).ejection == ejection_signal::unreachable;
  };
  EXPECT_EQ(std::ranges::count_if(classes, is_unreachable), 1);
}

TEST(classification, goes_by_the_status) {
  for (int status = 100; status != 1000; ++status) {
    const bool is_error = status >= 500 && status <= 599;
    const auto plain = is_error ? outcome_class::failure : outcome_class::success;
    EXPECT_EQ(classify_status(status, false), status == 429 ? outcome_class::overload : plain);
    const bool has_no_room = status == 429 || status == 503;
    EXPECT_EQ(classify_status(status, true), has_no_room ? outcome_class::overload : plain);
  }
}

TEST(classification, of_all_failures_of_a_transport) {
  for (const auto& each : json::enumerators<transport_error>) {
    const outcome_class how = classify_failure(each.value);
    EXPECT_NE(how, outcome_class::success) << each.name;
    EXPECT_NE(how, outcome_class::overload) << "only the service says so";
  }
  EXPECT_EQ(classify_failure(transport_error::connect_failed), outcome_class::not_reached);
  EXPECT_EQ(classify_failure(transport_error::connect_timeout), outcome_class::not_reached);
  EXPECT_EQ(classify_failure(transport_error::no_response), outcome_class::broken);
  EXPECT_EQ(classify_failure(transport_error::stale_connection), outcome_class::stale);
  EXPECT_EQ(classify_failure(transport_error::no_resources), outcome_class::refused_here);
  EXPECT_EQ(classify_failure(transport_error::queue_timeout), outcome_class::refused_here);
  EXPECT_EQ(classify_failure(transport_error::too_many), outcome_class::refused_here);
  EXPECT_EQ(classify_failure(transport_error::bad_encoding), outcome_class::broken);
  EXPECT_EQ(classify_failure(transport_error::too_large), outcome_class::not_taken);
}

}  // namespace
}  // namespace ferrule
