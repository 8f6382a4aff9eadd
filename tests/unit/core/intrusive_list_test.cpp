#include "ferrule/core/intrusive_list.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace ferrule {
namespace {

struct by_name;
struct by_age;
struct person : list_link<by_name>, list_link<by_age> {
  explicit person(char letter) : name(letter) {}
  char name;
};

template <class Tag>
std::string emptied(intrusive_list<person, Tag>& list) {
  std::string names;
  while (!list.empty()) {
    names += list.front().name;
    list.front().template list_link<Tag>::unlink();
  }
  return names;
}

TEST(intrusive_list, keeps_the_order) {
  intrusive_list<person, by_name> list;
  EXPECT_TRUE(list.empty());
  person a('a'), b('b'), c('c');
  for (person* each : {&a, &b, &c}) list.push_back(*each);
  EXPECT_EQ(&list.front(), &a);
  EXPECT_EQ(&list.back(), &c);
  list.push_back(a);
  EXPECT_EQ(emptied(list), "bca");
  EXPECT_TRUE(list.empty());
}

TEST(intrusive_list, an_object_may_be_in_two) {
  intrusive_list<person, by_name> names;
  intrusive_list<person, by_age> ages;
  person a('a'), b('b');
  names.push_back(a), names.push_back(b);
  ages.push_back(b), ages.push_back(a);
  EXPECT_EQ(emptied(names), "ab");
  EXPECT_FALSE(a.list_link<by_name>::linked());
  EXPECT_TRUE(a.list_link<by_age>::linked());
  EXPECT_EQ(emptied(ages), "ba");
}

TEST(intrusive_list, what_dies_leaves) {
  intrusive_list<person, by_name> list;
  person a('a');
  std::optional<person> b('b');
  person c('c');
  for (person* each : {&a, &*b, &c}) list.push_back(*each);
  b.reset();
  EXPECT_EQ(emptied(list), "ac");
}

TEST(intrusive_list, takes_all_of_another_in_the_same_order) {
  intrusive_list<person, by_name> list, other;
  list.append(other);
  EXPECT_TRUE(list.empty());
  person a('a'), b('b'), c('c'), d('d');
  other.push_back(a), other.push_back(b);
  list.append(other);
  EXPECT_TRUE(other.empty());
  other.push_back(c), other.push_back(d);
  list.append(other);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(&list.back(), &d);
  EXPECT_EQ(emptied(list), "abcd");
}

TEST(intrusive_list, knows_who_is_alone_in_it) {
  using people = intrusive_list<person, by_name>;
  people list, other;
  person a('a'), b('b');
  EXPECT_EQ(people::with_only(a), nullptr);
  list.push_back(a);
  EXPECT_EQ(people::with_only(a), &list);
  list.push_back(b);
  EXPECT_EQ(people::with_only(a), nullptr);
  EXPECT_EQ(people::with_only(b), nullptr);
  other.push_back(b);
  EXPECT_EQ(people::with_only(a), &list);
  EXPECT_EQ(people::with_only(b), &other);
}

TEST(intrusive_list, may_die_before_what_is_in_it) {
  person a('a');
  {
    intrusive_list<person, by_name> list;
    list.push_back(a);
  }
  EXPECT_FALSE(a.list_link<by_name>::linked());
}

}  // namespace
}  // namespace ferrule
