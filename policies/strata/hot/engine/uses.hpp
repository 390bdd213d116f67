// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/kept_key.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

// Reads are counted in the entry itself, under the lock a read has anyhow, and apart for each reader while several read
// (own_uses.hpp). An entry that goes hands its count to the spill of its shard, which was reserved beforehand. Bounded
// (K12): what a full spill cannot take is lost, and counted as lost; the owner learns in time that it is half full.
namespace strata::hot::engine {

template <class Key>
struct key_uses {
  typename kept_key<Key>::type key{};
  std::uint32_t count = 0;
};

template <class Key, bool Counted>
class spill {
 public:
  static constexpr std::size_t room = 256;

  spill() : items_{std::make_unique<key_uses<Key>[]>(room)} {}

  /// Swaps the key in: the giver gets back the memory of an older one. False: it is full.
  [[nodiscard]] bool add(typename kept_key<Key>::type& key, std::uint32_t count) noexcept {
    if (size_ == room) return false;
    std::swap(items_[size_].key, key);
    items_[size_++].count = count;
    return true;
  }
  /// Swaps the last one out. False: it is empty.
  [[nodiscard]] bool take(key_uses<Key>& into) noexcept {
    if (size_ == 0) return false;
    std::swap(items_[--size_], into);
    return true;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::unique_ptr<key_uses<Key>[]> items_;
  std::size_t size_ = 0;
};

template <class Key>
class spill<Key, false> {};

}  // namespace strata::hot::engine
