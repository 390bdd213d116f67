// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hit.hpp>
#include <strata/hot/engine/kept_key.hpp>

#include <cstddef>
#include <utility>
#include <vector>

// Where entries go that leave a shard, for owners who want to tell of them. They are handed over under the lock, where
// nothing may be allocated; so whoever finds no room left lets go of the lock, makes some, and comes again.
namespace strata::hot::engine {

/// Nobody wants to know: what leaves is destroyed after the lock, and costs no more than that.
struct nobody_asks {
  static constexpr bool asks = false;
  [[nodiscard]] static constexpr bool full() noexcept { return false; }
  static constexpr void make_room() noexcept {}
  static constexpr void take(auto&, auto&) noexcept {}
  static constexpr void take_replaced(auto&) noexcept {}
  static constexpr void take_asked(auto&) noexcept {}
  [[nodiscard]] static constexpr bool fits(auto const&) noexcept { return true; }
  static constexpr void take_copy(auto const&, auto const&) noexcept {}
};

template <class Key, class Value>
class leavers {
 public:
  struct one {
    typename kept_key<Key>::type key{};
    box<Value> value{};
    bool asked = false;     // its key is the one that was asked for; `key` is empty then
    bool replaced = false;  // by another value
  };

  static constexpr bool asks = true;

  /// \throws bad_alloc
  leavers() { make_room(); }

  [[nodiscard]] bool full() const noexcept { return all_.size() == all_.capacity(); }
  /// With nothing held. \throws bad_alloc
  void make_room() {
    all_.reserve(2 * all_.size() + 2);
    if (wanted_ != 0) kept_key<Key>::prepare(copy_, std::exchange(wanted_, 0));
  }
  /// There must be room for all that follow.
  void take(typename kept_key<Key>::type& key, box<Value>& value) noexcept {
    all_.push_back({std::move(key), std::move(value)});
  }
  void take_replaced(box<Value>& value) noexcept {
    all_.push_back({.value = std::move(value), .asked = true, .replaced = true});
  }
  void take_asked(box<Value>& value) noexcept { all_.push_back({.value = std::move(value), .asked = true}); }

  /// Whether there is room for a copy of that key, which is made at once; else make_room makes some.
  [[nodiscard]] bool fits(typename kept_key<Key>::type const& key) noexcept {
    wanted_ = kept_key<Key>::share(key, copy_);
    return wanted_ == 0;
  }
  /// What others still look at: of the key that fits said it has copied.
  void take_copy(typename kept_key<Key>::type const&, box<Value> const& value) noexcept {
    all_.push_back({std::exchange(copy_, {}), value});
  }

  [[nodiscard]] auto begin() const noexcept { return all_.begin(); }
  [[nodiscard]] auto end() const noexcept { return all_.end(); }

 private:
  std::vector<one> all_;
  typename kept_key<Key>::type copy_{};
  std::size_t wanted_ = 0;  // bytes, for a key that did not fit
};

}  // namespace strata::hot::engine
