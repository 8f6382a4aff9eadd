#pragma once
/// @file
/// Lists of objects that carry their own links: joining and leaving one needs no memory and no
/// search, and what dies leaves by itself.
///
/// ```cpp
/// struct in_line;
/// struct customer : ferrule::list_link<in_line> { int number = 0; };
/// int next_number(ferrule::intrusive_list<customer, in_line>& line) {
///   return line.empty() ? 0 : line.front().number;
/// }
/// ```

#include <type_traits>

namespace ferrule {

/// Makes what derives from it fit for one list; `Tag` tells apart the lists an object may be in.
/// Thread rule: as a plain value.
template <class Tag>
class list_link {
 public:
  list_link() = default;
  list_link(const list_link&) = delete;
  list_link& operator=(const list_link&) = delete;
  ~list_link() { unlink(); }

  bool linked() const noexcept { return next_ != this; }
  /// Leaves its list. Harmless when in none.
  void unlink() noexcept {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }

 private:
  template <class, class>
  friend class intrusive_list;

  list_link* previous_ = this;
  list_link* next_ = this;
};

/// Objects in the order in which they came. Owns none of them.
/// Thread rule: as a plain value, which does not move.
template <class T, class Tag>
class intrusive_list {
 public:
  bool empty() const noexcept { return !ends_.linked(); }
  /// Only of a list that is not empty, as `back`.
  T& front() const noexcept { return static_cast<T&>(*ends_.next_); }
  T& back() const noexcept { return static_cast<T&>(*ends_.previous_); }
  /// Makes it the last, wherever it was before.
  void push_back(T& item) noexcept {
    list_link<Tag>& link = item;
    link.unlink();
    link.previous_ = ends_.previous_;
    link.next_ = &ends_;
    ends_.previous_->next_ = &link;
    ends_.previous_ = &link;
  }
  /// Moves everything from `other` to its own end, in the same order.
  void append(intrusive_list& other) noexcept {
    if (other.empty()) return;
    list_link<Tag>& first = *other.ends_.next_;
    list_link<Tag>& last = *other.ends_.previous_;
    other.ends_.previous_ = other.ends_.next_ = &other.ends_;
    first.previous_ = ends_.previous_;
    last.next_ = &ends_;
    ends_.previous_->next_ = &first;
    ends_.previous_ = &last;
  }
  /// The list in which `item` is the only one; null when it is in none, or has company there.
  static intrusive_list* with_only(T& item) noexcept {
    static_assert(std::is_standard_layout_v<intrusive_list>);  // so its address is its member's
    const list_link<Tag>& link = item;
    if (!link.linked() || link.next_ != link.previous_) return nullptr;
    return reinterpret_cast<intrusive_list*>(link.next_);
  }

 private:
  list_link<Tag> ends_;
};

}  // namespace ferrule
