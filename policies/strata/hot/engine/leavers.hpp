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
  [[nodiscard]] static constexpr bool full() noexcept { return false; }
  static constexpr void make_room() noexcept {}
  static constexpr void take(auto&, auto&) noexcept {}
  static constexpr void take_replaced(auto&) noexcept {}
};

template <class Key, class Value>
class leavers {
 public:
  struct one {
    typename kept_key<Key>::type key{};
    box<Value> value{};
    bool replaced = false;  // by another value for the key that was asked for; `key` is empty then
  };

  /// \throws bad_alloc
  leavers() { make_room(); }

  [[nodiscard]] bool full() const noexcept { return all_.size() == all_.capacity(); }
  /// With nothing held. \throws bad_alloc
  void make_room() { all_.reserve(2 * all_.size() + 2); }
  /// There must be room for all that follow.
  void take(typename kept_key<Key>::type& key, box<Value>& value) noexcept {
    all_.push_back({std::move(key), std::move(value)});
  }
  void take_replaced(box<Value>& value) noexcept { all_.push_back({.value = std::move(value), .replaced = true}); }

  [[nodiscard]] auto begin() const noexcept { return all_.begin(); }
  [[nodiscard]] auto end() const noexcept { return all_.end(); }

 private:
  std::vector<one> all_;
};

}  // namespace strata::hot::engine
