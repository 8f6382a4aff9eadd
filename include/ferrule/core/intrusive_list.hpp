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

 private:
  list_link<Tag> ends_;
};

}  // namespace ferrule
