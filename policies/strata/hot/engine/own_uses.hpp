// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/memory.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

// What one reader counts while others read too: a byte for each entry of the shard, and a word for how often that byte was
// full, neither of which anybody else writes, so that a count costs with many readers what it costs with one. The words of
// entries that are seldom used never become memory. Both stay when the lock closes, and are added to the entry when it goes
// or somebody asks. A small table of the keys used last was rejected: where all keys are used alike, most counts would have
// to leave it again.
namespace strata::hot::engine {

class own_uses {
 public:
  static constexpr bool kept = true;

  own_uses() = default;
  own_uses(own_uses const&) = delete;
  ~own_uses() { release(); }

  /// Room for so many entries, none of them used. Without memory there is none, and nothing else is wrong.
  void make(std::size_t entries) noexcept {
    entries_ = entries;
    full_ = static_cast<std::uint32_t*>(zeros(bytes()));
  }
  void release() noexcept {
    if (full_ != nullptr) give_back(std::exchange(full_, nullptr), bytes());
  }

  /// \returns whether it is counted; without memory the entry has to count it
  [[nodiscard, gnu::always_inline]] bool add(slot i) noexcept {
    if (full_ == nullptr) [[unlikely]]
      return false;
    if (++counts()[i] == 0) [[unlikely]]
      ++full_[i];
    return true;
  }
  [[nodiscard]] std::uint64_t take(slot i) noexcept {
    if (full_ == nullptr) return 0;
    std::uint64_t const full = full_[i];
    if (full != 0) full_[i] = 0;
    return full * 256 + std::exchange(counts()[i], std::uint8_t{0});
  }

 private:
  [[nodiscard]] std::size_t bytes() const noexcept { return entries_ * (sizeof(std::uint32_t) + 1); }
  [[nodiscard]] std::uint8_t* counts() const noexcept { return reinterpret_cast<std::uint8_t*>(full_ + entries_); }

  std::uint32_t* full_ = nullptr;
  std::size_t entries_ = 0;
};

struct no_own_uses {
  static constexpr bool kept = false;
};

}  // namespace strata::hot::engine
