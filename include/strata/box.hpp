// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/deferred.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/lending.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

// Where values live: in a counted box that never changes, so a hit outlives the entry and the cache. A hit counts itself or,
// where the entry lends, borrows: see lending.hpp; a few plain bits it copies: see inline_box.hpp, which hit.hpp brings.
namespace strata {

template <class T>
class hit;

/// A value with its revision, shared and immutable. One pointer; null when default-constructed.
/// \threads copies may be made and dropped on any thread
template <class T>
class box {
  using moment = deferred<kernel::moment, T>;

 public:
  box() = default;
  /// One allocation. Throws what T's move constructor or the allocator throws.
  template <class U>
  box(strata::revision revision, U&& value) : content_{new content{{one}, {0}, revision, T(std::forward<U>(value))}} {}
  /// A value with an end, for which it needs room of its own; moment::max(): without.
  template <class U>
  box(strata::revision revision, U&& value, moment end) : box{revision, std::forward<U>(value), end, end} {}
  /// The same, whose end may be put off until `last`.
  template <class U>
  box(strata::revision revision, U&& value, moment end, moment last)
      : content_{end == moment::max()
                     ? new content{{one}, {0}, revision, T(std::forward<U>(value))}
                     : new ending{{{one}, {has_end}, revision, T(std::forward<U>(value))}, last, {end}}} {}
  /// A box whose copies all are one with it, whatever the type: what number() says of it is true of them.
  template <class U>
  [[nodiscard]] static box shared(U&& value, moment end) {
    return {strata::revision{}, std::forward<U>(value), end};
  }
  box(box const& other) noexcept : content_{other.content_} {
    if (content_) content_->holders.fetch_add(one, std::memory_order_relaxed);
  }
  box(box&& other) noexcept : content_{std::exchange(other.content_, nullptr)} {}
  box& operator=(box other) noexcept {
    std::swap(content_, other.content_);
    return *this;
  }
  ~box() { drop(content_); }

  explicit operator bool() const noexcept { return content_ != nullptr; }
  [[nodiscard]] T const& value() const noexcept { return content_->value; }
  [[nodiscard]] strata::revision revision() const noexcept { return content_->revision; }
  /// The box as a plain pointer, for code that must not test it again; adopt() takes it back. \returns null when empty
  [[nodiscard]] void const* release() && noexcept { return std::exchange(content_, nullptr); }
  [[nodiscard]] static box adopt(void const* released) noexcept {
    box b;
    b.content_ = static_cast<content const*>(released);
    return b;
  }
  /// Numbers a box that nobody else reads yet.
  void number(strata::revision r) noexcept { const_cast<content*>(content_)->revision = r; }
  /// When the value expires; moment::max(): never.
  [[nodiscard]] moment ends() const noexcept { return end_of(*content_); }
  /// When it does so at the latest, however often its end is put off.
  [[nodiscard]] moment ends_at_last() const noexcept {
    return ends() == moment::max() ? moment::max() : static_cast<ending const&>(*content_).last;
  }
  /// Puts the end off, as far as that goes. Only for a value that has one.
  void extend(moment end) const noexcept {
    auto const& e = static_cast<ending const&>(*content_);
    e.end.store(end < e.last ? end : e.last, std::memory_order_relaxed);
  }

  /// What the value weighs, kept here, where there is room for it. The first tier to say so decides for all.
  /// \returns the weight that stands
  std::uint32_t weigh(std::uint32_t found) const noexcept {
    auto& weight = content_->weight;
    std::uint32_t stands = weight.load(std::memory_order_relaxed) & has_end;
    std::uint32_t const mine = (found + 1) << 1U | stands;
    if (content_->holders.load(std::memory_order_relaxed) == one) {  // nobody else is there to be first
      weight.store(mine, std::memory_order_relaxed);
      return found;
    }
    return weight.compare_exchange_strong(stands, mine, std::memory_order_relaxed) ? found : (stands >> 1U) - 1;
  }
  [[nodiscard]] bool weighed() const noexcept { return content_->weight.load(std::memory_order_relaxed) > has_end; }
  /// Only once it is weighed.
  [[nodiscard]] std::uint32_t weight() const noexcept {
    return (content_->weight.load(std::memory_order_relaxed) >> 1U) - 1;
  }
  /// Asks memory for the value, which of one in four boxes begins on the line behind.
  void prefetch() const noexcept {
    __builtin_prefetch(content_);
    __builtin_prefetch(&content_->value);
  }

  class burial;

 private:
  template <class U>
  friend class hit;
  template <class U>
  friend class lending_box;

  struct content {
    mutable std::atomic<std::uint32_t> holders;  // twice their number, and whether it was ever lent
    mutable std::atomic<std::uint32_t> weight;   // twice the weight and one, or zero while nobody has said; and has_end
    strata::revision revision;
    T value;
  };
  static constexpr std::uint32_t has_end = 1;
  static constexpr std::uint32_t one = 2;
  static constexpr std::uint32_t lent = 1;
  struct ending : content {
    moment last;
    mutable deferred<std::atomic<moment>, T> end;
  };
  [[nodiscard]] static moment end_of(content const& c) noexcept {
    if ((c.weight.load(std::memory_order_relaxed) & has_end) == 0) return moment::max();
    return static_cast<ending const&>(c).end.load(std::memory_order_relaxed);
  }
  static void destroy(content const* c) noexcept {
    if ((c->weight.load(std::memory_order_relaxed) & has_end) == 0)
      delete c;
    else
      delete static_cast<ending const*>(c);
  }
  static void drop(content const* c) noexcept {
    if (c != nullptr) drop_one(*c);
  }
  static void drop_one(content const& c) noexcept {
    if (c.holders.fetch_sub(one, std::memory_order_acq_rel) <= (one | lent)) bury(&c);
  }
  static bool was_lent(content const& c) noexcept { return (c.holders.load(std::memory_order_relaxed) & lent) != 0; }
  static void mark_lent(content const& c) noexcept {
    if (!was_lent(c)) [[unlikely]]  // once: then it is only read
      c.holders.fetch_or(lent, std::memory_order_relaxed);
  }
  [[gnu::noinline]] static void bury(content const* c) noexcept {
    if (burial::open != nullptr)
      burial::open->take(const_cast<content*>(c));
    else
      destroy(c);
  }

  content const* content_ = nullptr;
};

/// While one lives, boxes whose last holder goes on this thread are destroyed at its end instead of at once. Put before
/// a lock, it keeps the destructors of users' values from running under that lock. The outermost one destroys, so locks
/// may be taken one inside another.
template <class T>
class box<T>::burial {
 public:
  burial() noexcept : outer_{std::exchange(open, this)} {}
  burial(burial const&) = delete;
  burial& operator=(burial const&) = delete;
  ~burial() {
    open = outer_;
    while (first_ != nullptr) {
      content* const c = first_;
      first_ = next(c);
      if (outer_ != nullptr)
        outer_->take(c);
      else
        destroy(c);
    }
  }

 private:
  friend class box;
  void take(content* c) noexcept {
    c->revision = strata::revision{reinterpret_cast<std::uintptr_t>(first_)};  // a dead box's revision links the queue
    first_ = c;
  }
  static content* next(content* c) noexcept {
    return reinterpret_cast<content*>(static_cast<std::uintptr_t>(strata::number(c->revision)));
  }

  static inline thread_local burial* open = nullptr;
  burial* outer_;
  content* first_ = nullptr;
};

/// The box of an entry, from which hits borrow. Behind the entry's lock: nobody changes it while others look.
/// What comes out of it owes nothing.
/// \threads those of the lock; what was borrowed may be held and dropped on any thread
template <class T>
class lending_box {
 public:
  lending_box() = default;
  lending_box(lending_box&&) noexcept = default;  // loans are of the value, wherever its box stands
  lending_box& operator=(lending_box&&) = delete;
  ~lending_box() {
    if (kept_) settle();
  }

  /// Takes the other's value; only into an empty one.
  void fill(box<T>& other) noexcept { std::swap(kept_, other); }
  /// Gives the other what was there for what it has; not of an empty one.
  void swap(box<T>& other) noexcept {
    settle();
    std::swap(kept_, other);
  }
  /// Empties it; it must not be empty.
  [[nodiscard]] box<T> take() noexcept {
    settle();
    return std::move(kept_);
  }

  operator box<T> const&() const noexcept { return kept_; }
  explicit operator bool() const noexcept { return static_cast<bool>(kept_); }
  [[nodiscard]] T const& value() const noexcept { return kept_.value(); }
  [[nodiscard]] strata::revision revision() const noexcept { return kept_.revision(); }
  [[nodiscard]] kernel::moment ends() const noexcept { return kept_.ends(); }
  [[nodiscard]] std::uint32_t weight() const noexcept { return kept_.weight(); }
  void prefetch() const noexcept { kept_.prefetch(); }

 private:
  template <class U>
  friend class hit;

  void settle() noexcept {
    auto const* const c = kept_.content_;
    if (box<T>::was_lent(*c)) [[unlikely]]
      detail::ledger.settle(reinterpret_cast<std::uintptr_t>(c), c->holders, box<T>::one);
  }

  box<T> kept_{};
};

}  // namespace strata
