// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace strata::hot::engine {

/// Many shards to read, each taken once, all given back at the end. It waits for none, since it may hold one that another
/// waits for.
template <class Shard, std::size_t Most>
class readings {
  static_assert(Most <= 64);

 public:
  readings() = default;
  readings(readings const&) = delete;
  ~readings() {
    for (std::uint64_t left = held_; left != 0; left &= left - 1)
      cells_[static_cast<std::size_t>(std::countr_zero(left))]->leave();
  }
  /// \param at  the shard's number \returns null: not to be had now
  [[nodiscard]] typename Shard::cell* take(std::size_t at, Shard& s) noexcept {
    std::uint64_t const bit = std::uint64_t{1} << at;
    if ((asked_ & bit) == 0) {
      asked_ |= bit;
      cells_[at] = s.lock.try_read();
      if (cells_[at] == nullptr) cells_[at] = s.lock.try_read([&](auto hits) { s.hear(hits); });
      if (cells_[at] != nullptr) held_ |= bit;
    }
    return cells_[at];
  }

 private:
  std::uint64_t asked_ = 0, held_ = 0;
  std::array<typename Shard::cell*, Most> cells_;
};

}  // namespace strata::hot::engine
