// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/deferred.hpp>
#include <strata/error.hpp>
#include <strata/hit.hpp>
#include <strata/kernel/moment.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

// Boxes of values that are a few plain bits: the value stands in the box, and a hit has a copy of it, which costs less than
// to count a holder in memory that other readers write, and nothing of an allocator. What only some values have, an end or
// a weight that is not their size, takes them elsewhere, into a counted box as that of any other type.
namespace strata {

/// The types of those values: a cache line at most. To copy one costs half of what counting a holder did.
template <class T>
concept held_inline = sizeof(T) <= 64 && alignof(T) <= alignof(std::max_align_t) && std::is_trivially_copyable_v<T> &&
                      std::is_copy_constructible_v<T> && std::is_copy_assignable_v<T>;

namespace detail {

/// The same value, elsewhere: a type that is not plain bits any more, by its destructor.
template <class T>
struct elsewhere {
  T value;
  ~elsewhere() {}  // NOLINT(modernize-use-equals-default)
};

/// What box and hit of such a value are made of: the value, or a pointer. Plain bits too: whoever has it shares and drops.
template <class T>
struct inline_parts {
  using counted = box<elsewhere<T>>;
  using moment = deferred<kernel::moment, T>;

  // In place: the revision and what is known; else whether there is a box. It stands first, beside the key in an entry: behind
  // the value each hit among many would read one more line from far away.
  std::uint64_t word;
  union {
    void const* owned;  // not in place: the content of a counted box; of a hit that failed, the error's text
    T value;
  };

  static constexpr std::uint64_t in_place = std::uint64_t{1} << 63U;
  static constexpr std::uint64_t is_weighed = std::uint64_t{1} << 62U;
  static constexpr std::uint64_t highest = is_weighed - 1;
  static constexpr std::uint64_t away = 1;

  inline_parts() noexcept : word{0}, owned{nullptr} {}
  explicit inline_parts(void const* other) noexcept : word{0}, owned{other} {}
  explicit inline_parts(counted&& box) noexcept : word{away}, owned{std::move(box).release()} {}
  inline_parts(T const& v, std::uint64_t w) noexcept : word{w}, value(v) {}

  [[nodiscard]] bool here() const noexcept { return (word & in_place) != 0; }
  [[nodiscard]] T const& get() const noexcept {
    if (here()) [[likely]]  // else GCC reads through a pointer that it chooses, and a reader waits for it
      return value;
    return *ask([](counted const& b) { return &b.value().value; });
  }
  [[nodiscard]] strata::revision revision() const noexcept {
    if (here()) return strata::revision{word & highest};
    return ask([](counted const& b) { return b.revision(); });
  }
  [[nodiscard]] moment ends() const noexcept {
    if (here()) return moment::max();
    return ask([](counted const& b) { return b.ends(); });
  }
  void share() const noexcept {
    if (word == away) ask([](counted const& b) { (void)counted{b}.release(); });
  }
  void drop() const noexcept {
    if (word == away) (void)counted::adopt(owned);
  }
  /// f(counted box), which stays whose it was.
  template <class F>
  decltype(auto) ask(F f) const {
    struct lent {
      counted box;
      ~lent() { (void)std::move(box).release(); }
    } its{counted::adopt(owned)};
    return f(its.box);
  }
};

}  // namespace detail

/// As any box, but for its size and that making and weighing it allocates only for what takes the value elsewhere.
template <held_inline T>
class box<T> {
  using parts = detail::inline_parts<T>;
  using counted = typename parts::counted;
  using moment = typename parts::moment;

 public:
  using burial = typename counted::burial;

  box() = default;
  template <class U>
  box(strata::revision revision, U&& value) : box{revision, std::forward<U>(value), moment::max(), moment::max()} {}
  template <class U>
  box(strata::revision revision, U&& value, moment end) : box{revision, std::forward<U>(value), end, end} {}
  template <class U>
  box(strata::revision revision, U&& value, moment end, moment last)
      : parts_{end == moment::max() && strata::number(revision) <= parts::highest
                   ? parts{T(std::forward<U>(value)), parts::in_place | strata::number(revision)}
                   : parts{counted{revision, T(std::forward<U>(value)), end, last}}} {}
  template <class U>
  [[nodiscard]] static box shared(U&& value, moment end) {
    box b;
    b.parts_ = parts{counted{strata::revision{}, T(std::forward<U>(value)), end}};
    return b;
  }
  box(box const& other) noexcept : parts_{other.parts_} { parts_.share(); }
  box(box&& other) noexcept : parts_{other.let_go()} {}
  box& operator=(box const& other) noexcept { return *this = box{other}; }
  box& operator=(box&& other) noexcept {  // by hand: an exchange would copy the value three times
    auto const theirs = other.let_go();
    parts_.drop();
    parts_ = theirs;
    return *this;
  }
  ~box() { parts_.drop(); }

  explicit operator bool() const noexcept { return parts_.word != 0; }
  [[nodiscard]] T const& value() const noexcept { return parts_.get(); }
  [[nodiscard]] strata::revision revision() const noexcept { return parts_.revision(); }
  /// \param r  below 2^62, unless the value is elsewhere
  void number(strata::revision r) noexcept {
    if (parts_.here())
      parts_.word = (parts_.word & ~parts::highest) | strata::number(r);
    else
      parts_.ask([r](counted& b) { b.number(r); });
  }
  [[nodiscard]] moment ends() const noexcept { return parts_.ends(); }
  [[nodiscard]] moment ends_at_last() const noexcept {
    return parts_.here() ? moment::max() : parts_.ask([](counted const& b) { return b.ends_at_last(); });
  }
  void extend(moment end) const noexcept {
    parts_.ask([end](counted const& b) { b.extend(end); });
  }

  /// \throws bad_alloc where that takes the value elsewhere
  std::uint32_t weigh(std::uint32_t found) {
    if (!parts_.here()) return parts_.ask([found](counted const& b) { return b.weigh(found); });
    if (weighed()) return weight();
    if (found == sizeof(T)) {
      parts_.word |= parts::is_weighed;
    } else {
      counted b{revision(), parts_.value};
      (void)b.weigh(found);
      parts_ = parts{std::move(b)};
    }
    return found;
  }
  [[nodiscard]] bool weighed() const noexcept {
    return parts_.here() ? (parts_.word & parts::is_weighed) != 0
                         : parts_.ask([](counted const& b) { return b.weighed(); });
  }
  [[nodiscard]] std::uint32_t weight() const noexcept {
    return parts_.here() ? sizeof(T) : parts_.ask([](counted const& b) { return b.weight(); });
  }
  void prefetch() const noexcept {
    if (parts_.word == parts::away) __builtin_prefetch(parts_.owned);
  }

 private:
  template <class U>
  friend class hit;

  [[nodiscard]] parts let_go() noexcept {
    parts const mine = parts_;
    parts_.word = 0;
    return mine;
  }

  parts parts_{};
};

/// Nothing is lent of such a value: hits have copies, or count the box that is elsewhere.
template <held_inline T>
class lending_box<T> : public box<T> {
 public:
  lending_box() = default;
  lending_box(lending_box&&) noexcept = default;
  lending_box& operator=(lending_box&&) = delete;

  void fill(box<T>& other) noexcept { box<T>::operator=(std::move(other)); }
  void swap(box<T>& other) noexcept { std::swap(static_cast<box<T>&>(*this), other); }
  [[nodiscard]] box<T> take() noexcept { return std::move(static_cast<box<T>&>(*this)); }
};

/// As any hit, but that the value most often stands in it: its address is not that of the hit it is copied or moved to.
template <held_inline T>
class [[nodiscard]] hit<T> : public detail::hit_base<hit<T>> {
  using base = detail::hit_base<hit>;
  friend base;
  using base::pack, base::present, base::take, base::vacant;
  using parts = detail::inline_parts<T>;

 public:
  using value_type = T;

  hit() noexcept = default;
  hit(box<T> const& found, strata::tier from, strata::freshness state = freshness::fresh) noexcept
      : parts_{found.parts_}, kind_{present}, mark_{pack(from, state)} {
    parts_.share();
  }
  hit(box<T>&& found, strata::tier from, strata::freshness state = freshness::fresh) noexcept
      : parts_{found.let_go()}, kind_{present}, mark_{pack(from, state)} {}
  hit(strata::error why) noexcept
      : parts_{static_cast<void const*>(take(why.text_))},
        kind_{static_cast<std::uint8_t>(why.code_)},
        mark_{pack(why.tier_, freshness::fresh)} {}

  hit(hit const& other) noexcept : parts_{other.parts_}, kind_{other.kind_}, mark_{other.mark_} { share(); }
  hit(hit&& other) noexcept : parts_{other.parts_}, kind_{take(other.kind_)}, mark_{other.mark_} {}
  hit& operator=(hit const& other) noexcept { return *this = hit{other}; }
  hit& operator=(hit&& other) noexcept {  // as the box's
    auto const theirs = other.parts_;
    auto const kind = take(other.kind_);
    drop();
    parts_ = theirs;
    kind_ = kind;
    mark_ = other.mark_;
    return *this;
  }
  ~hit() { drop(); }

  [[nodiscard]] T const& operator*() const& noexcept {
    this->claim_value();
    return parts_.get();
  }
  [[nodiscard]] T const* operator->() const noexcept {
    this->claim_value();
    return &parts_.get();
  }
  T const& operator*() const&& = delete;

  [[nodiscard]] strata::error error() const noexcept {
    if (!this->claim_error()) return strata::error{errc{}, this->tier(), nullptr};
    auto* const its = text();
    if (its != nullptr) its->share();
    return strata::error{static_cast<errc>(kind_), this->tier(), its};
  }
  [[nodiscard]] kernel::moment ends() const noexcept {
    return kind_ == present ? parts_.ends() : kernel::moment::max();
  }
  [[nodiscard]] strata::revision revision() const noexcept {
    return kind_ == present ? parts_.revision() : strata::revision{};
  }

 private:
  [[nodiscard]] detail::error_text* text() const noexcept {
    return static_cast<detail::error_text*>(const_cast<void*>(parts_.owned));
  }
  void share() const noexcept {
    if (kind_ == present)
      parts_.share();
    else if (kind_ != vacant && parts_.owned != nullptr)
      text()->share();
  }
  void drop() noexcept {
    if (kind_ == present)
      parts_.drop();
    else if (kind_ != vacant && parts_.owned != nullptr)
      text()->drop();
  }

  parts parts_{};
  std::uint8_t kind_ = vacant;
  std::uint8_t mark_ = 0;
};

}  // namespace strata
