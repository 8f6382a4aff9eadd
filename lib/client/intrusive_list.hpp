#pragma once
// A list of objects that carry their own links, so that joining and leaving it need no memory and
// no search. `Tag` tells the lists apart that one object may be in.

namespace ferrule {

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

  void insert_before(list_link& at) noexcept {
    unlink();
    previous_ = at.previous_;
    next_ = &at;
    previous_->next_ = next_->previous_ = this;
  }

  list_link* previous_ = this;
  list_link* next_ = this;
};

/// Owns nothing. What dies leaves it.
template <class T, class Tag>
class intrusive_list {
 public:
  bool empty() const noexcept { return !ends_.linked(); }
  T& front() const noexcept { return static_cast<T&>(*ends_.next_); }
  T& back() const noexcept { return static_cast<T&>(*ends_.previous_); }
  /// Puts it last, also when it is in the list already.
  void push_back(T& item) noexcept { static_cast<list_link<Tag>&>(item).insert_before(ends_); }

 private:
  list_link<Tag> ends_;
};

}  // namespace ferrule
