// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/memory.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

// What one reader counts while others read too: a byte for each entry of the shard, which nobody else writes, so that a
// count costs with many readers what it costs with one. What a byte cannot hold goes to the entry, one use in 256 of it.
// The bytes stay when the lock closes, and are added to the entry when it goes or somebody asks. A small table of the keys
// used last was rejected: where all keys are used alike, most counts would have to leave it again.
namespace strata::hot::engine {

class own_uses {
 public:
  static constexpr bool kept = true;

  own_uses() = default;
  own_uses(own_uses const&) = delete;
  ~own_uses() { release(); }

  /// Room for so many entries, none of them used. Without memory there is none, and nothing else is wrong.
  void make(std::size_t entries) noexcept {
    counts_ = static_cast<std::uint8_t*>(zeros(entries));
    entries_ = entries;
  }
  void release() noexcept {
    if (counts_ != nullptr) give_back(std::exchange(counts_, nullptr), entries_);
  }

  /// \returns what the entry has to take: most often nothing
  [[nodiscard, gnu::always_inline]] std::uint32_t add(slot i) noexcept {
    if (counts_ == nullptr) [[unlikely]]
      return 1;
    return ++counts_[i] == 0 ? 256 : 0;
  }
  [[nodiscard]] std::uint32_t take(slot i) noexcept {
    return counts_ == nullptr ? 0 : std::exchange(counts_[i], std::uint8_t{0});
  }

 private:
  std::uint8_t* counts_ = nullptr;
  std::size_t entries_ = 0;
};

struct no_own_uses {
  static constexpr bool kept = false;
};

}  // namespace strata::hot::engine
