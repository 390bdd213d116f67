// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/assert.hpp>
#include <strata/box.hpp>
#include <strata/change.hpp>
#include <strata/error.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/lending.hpp>

#include <atomic>
#include <cstdint>

// What a read gives: a value in its box, which it shares, a clear "absent", or an error.
// std::expected<std::shared_ptr<T>> was tried instead: 27 to 78 instructions more on every hit.
namespace strata {

/// How sure a read is that nothing newer exists.
enum class freshness : std::uint8_t {
  fresh,       ///< current, within the bound of the configuration
  unverified,  ///< a tier that could have known better was not asked or did not answer
  stale,       ///< known to be superseded or too old to tell; only on request
};

namespace detail {
/// What hits of all values say alike. It has no members of its own, so that each hit puts its own where there is room.
template <class Hit>
class hit_base {
 public:
  static Hit nothing(strata::tier from, strata::freshness state = freshness::fresh) noexcept {
    Hit h;
    h.mark_ = pack(from, state);
    return h;
  }
  /// The same with another freshness.
  [[nodiscard]] Hit marked(strata::freshness state) && noexcept {
    static_cast<Hit&>(*this).mark_ = pack(tier(), state);
    return static_cast<Hit&&>(*this);
  }

  /// \returns whether there is a value
  explicit operator bool() const noexcept { return self().kind_ == present; }
  [[nodiscard]] bool has_value() const noexcept { return self().kind_ == present; }
  /// \returns whether the answer is that nobody has the key
  [[nodiscard]] bool absent() const noexcept { return self().kind_ == vacant; }
  [[nodiscard]] bool failed() const noexcept { return self().kind_ != vacant && self().kind_ != present; }
  /// The tier that answered.
  [[nodiscard]] strata::tier tier() const noexcept { return static_cast<strata::tier>(self().mark_ & 3U); }
  [[nodiscard]] strata::freshness freshness() const noexcept {
    return static_cast<strata::freshness>(self().mark_ >> 2U);
  }

 protected:
  static constexpr std::uint8_t vacant = 0;     // what take leaves
  static constexpr std::uint8_t present = 255;  // between them: the code of an error

  void claim_value() const noexcept {
    STRATA_ASSERT(has_value(), "the value of a hit that has none: ask it first, as a bool");
  }
  [[nodiscard]] bool claim_error() const noexcept {
    STRATA_ASSERT(failed(), "the error of an answer that is none: ask absent() and failed() first");
    return failed();
  }
  static constexpr std::uint8_t pack(strata::tier from, strata::freshness state) noexcept {
    return static_cast<std::uint8_t>(static_cast<unsigned>(from) | static_cast<unsigned>(state) << 2U);
  }

  /// By hand, both: for std::exchange and std::swap every program that includes a cache would ask whether these can be moved.
  template <class Part>
  [[gnu::always_inline]] static Part take(Part& theirs) noexcept {
    Part const kept = theirs;
    theirs = {};
    return kept;
  }
  template <class Part>
  [[gnu::always_inline]] static void swap(Part& mine, Part& theirs) noexcept {
    Part const kept = mine;
    mine = theirs;
    theirs = kept;
  }

 private:
  friend Hit;
  hit_base() = default;

  [[nodiscard]] Hit const& self() const noexcept { return static_cast<Hit const&>(*this); }
};
}  // namespace detail

/// A value, a clear "absent", or an error; with the tier that answered. One pointer and four bytes.
/// \threads a value type: one thread at a time per object, any number of objects per value
template <class T>
class [[nodiscard]] hit : public detail::hit_base<hit<T>> {
  using base = detail::hit_base<hit>;
  friend base;
  using base::pack, base::present, base::swap, base::take, base::vacant;

 public:
  using value_type = T;

  /// Absent.
  hit() noexcept = default;
  /// \param found  not an empty one
  hit(box<T> const& found, strata::tier from, strata::freshness state = freshness::fresh) noexcept
      : hit{box<T>{found}, from, state} {}
  hit(lending_box<T> const& found, strata::tier from, strata::freshness state = freshness::fresh) noexcept
      : hit{share_of(found), from, state} {}
  hit(box<T>&& found, strata::tier from, strata::freshness state = freshness::fresh) noexcept
      : owned_{take(found.content_)}, kind_{present}, mark_{pack(from, state)} {}
  hit(strata::error why) noexcept
      : owned_{take(why.text_)},
        kind_{static_cast<std::uint8_t>(why.code_)},
        mark_{pack(why.tier_, freshness::fresh)} {}

  /// What a hit will own, as plain numbers, for code where an object with a destructor would cost registers. Exactly one
  /// hit has to be made of it.
  struct share {
    void const* content = nullptr;  // null: nothing
    detail::ledger_type::note note = 0;
  };
  [[nodiscard, gnu::always_inline]] static share share_of(box<T> const& found) noexcept {
    found.content_->holders.fetch_add(box<T>::one, std::memory_order_relaxed);
    return {found.content_, 0};
  }
  [[nodiscard, gnu::always_inline]] static share share_of(lending_box<T> const& found) noexcept {
    auto const* const c = found.kept_.content_;
    detail::ledger_type::note note = 0;
    if (!detail::ledger.borrow_at_once(reinterpret_cast<std::uintptr_t>(c), note)) [[unlikely]]
      return share_of_further(found);
    box<T>::mark_lent(*c);
    return {c, note};
  }
  [[gnu::always_inline]] hit(share mine, strata::tier from, strata::freshness state = freshness::fresh) noexcept
      : owned_{mine.content}, kind_{present}, mark_{pack(from, state)}, note_{mine.note} {}

  /// A hit as plain numbers, for the same code: a function returns them in registers. Exactly one hit has to be made of it.
  struct bare {
    void const* owned;
    std::uint8_t kind, mark;
    detail::ledger_type::note note;
  };
  [[nodiscard]] bare release() && noexcept { return {take(owned_), take(kind_), mark_, take(note_)}; }
  [[gnu::always_inline]] explicit hit(bare released) noexcept
      : owned_{released.owned}, kind_{released.kind}, mark_{released.mark}, note_{released.note} {
    asm("");  // else Clang writes a rare answer and a hit at one place, a byte at a time
  }

  hit(hit const& other) noexcept : owned_{other.owned_}, kind_{other.kind_}, mark_{other.mark_} { hold(); }
  hit(hit&& other) noexcept
      : owned_{take(other.owned_)}, kind_{take(other.kind_)}, mark_{other.mark_}, note_{take(other.note_)} {}
  hit& operator=(hit other) noexcept {
    swap(owned_, other.owned_);
    swap(kind_, other.kind_);
    swap(note_, other.note_);
    mark_ = other.mark_;
    return *this;
  }
  ~hit() { drop(); }

  /// The value; only when there is one. Shared and immutable: copy it to change it. What `->` reaches of a temporary hit lives
  /// until the end of the full expression: name the hit before a loop over a member, or a reference to one.
  [[nodiscard]] T const& operator*() const& noexcept {
    this->claim_value();
    return content()->value;
  }
  [[nodiscard]] T const* operator->() const noexcept {
    this->claim_value();
    return &content()->value;
  }
  T const& operator*() const&& = delete;  // a reference into a temporary hit would dangle: name the hit first

  /// The error; only when failed(). Of an answer that is none: the code zero, "no error".
  [[nodiscard]] strata::error error() const noexcept {
    if (!this->claim_error()) return strata::error{errc{}, this->tier(), nullptr};
    auto* text = static_cast<detail::error_text*>(const_cast<void*>(owned_));
    if (text) text->share();
    return strata::error{static_cast<errc>(kind_), this->tier(), text};
  }
  /// When the value expires; moment::max(): never, or there is none.
  [[nodiscard]] kernel::moment ends() const noexcept {
    return kind_ == present ? box<T>::end_of(*content()) : kernel::moment::max();
  }
  /// The revision of the value; zero when there is none.
  [[nodiscard]] strata::revision revision() const noexcept {
    return kind_ == present ? content()->revision : strata::revision{};
  }

 private:
  [[nodiscard]] auto content() const noexcept { return static_cast<typename box<T>::content const*>(owned_); }
  void hold() const noexcept {
    if (owned_ == nullptr) return;
    if (kind_ == present)
      content()->holders.fetch_add(box<T>::one, std::memory_order_relaxed);
    else
      static_cast<detail::error_text*>(const_cast<void*>(owned_))->share();
  }
  [[gnu::noinline]] static share share_of_further(lending_box<T> const& found) noexcept {
    auto const* const c = found.kept_.content_;
    auto const note = detail::ledger.borrow(reinterpret_cast<std::uintptr_t>(c));
    if (note == 0) return share_of(found.kept_);
    box<T>::mark_lent(*c);
    return {c, note};
  }
  void drop() noexcept {
    if (note_ != 0 && detail::ledger.strike(note_, reinterpret_cast<std::uintptr_t>(owned_))) return;
    if (owned_ != nullptr) drop_further(owned_, kind_);
  }
  [[gnu::noinline]] static void drop_further(void const* owned, std::uint8_t kind) noexcept {
    if (kind == present)
      box<T>::drop_one(*static_cast<typename box<T>::content const*>(owned));
    else
      static_cast<detail::error_text*>(const_cast<void*>(owned))->drop();
  }

  void const* owned_ = nullptr;  // a box's content or an error's text, as kind_ says
  std::uint8_t kind_ = vacant;
  std::uint8_t mark_ = 0;
  detail::ledger_type::note note_ = 0;  // zero: it is counted
};

}  // namespace strata

#include <strata/inline_box.hpp>
