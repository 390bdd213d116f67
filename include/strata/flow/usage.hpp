// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

// How often each key was read since the last flush. Hot entries count for themselves, under their shard's lock; this
// table takes what they hand over and the reads that went below. Bounded (K12): uses of further keys are dropped and
// their number told.
namespace strata::flow {

class usage_table {
 public:
  explicit usage_table(std::size_t max_keys) : max_keys_{max_keys} {}

  void add(std::string_view key, std::uint64_t count) {
    std::lock_guard const held{guard_};
    add_held(key, count);
  }

  /// Takes all counts away, for a flush.
  [[nodiscard]] std::unordered_map<std::string, std::uint64_t> take() {
    std::lock_guard const held{guard_};
    return std::exchange(counts_, {});
  }
  /// Puts back what a flush could not deliver.
  void give_back(std::unordered_map<std::string, std::uint64_t>&& counts) {
    std::lock_guard const held{guard_};
    if (counts_.empty()) return void(counts_ = std::move(counts));
    for (auto const& [key, count] : counts) add_held(key, count);
  }
  [[nodiscard]] std::uint64_t dropped() const {
    std::lock_guard const held{guard_};
    return dropped_;
  }

 private:
  void add_held(std::string_view key, std::uint64_t count) {
    if (auto const at = counts_.find(std::string{key}); at != counts_.end())
      at->second += count;
    else if (counts_.size() < max_keys_)
      counts_.emplace(key, count);
    else
      dropped_ += count;
  }

  mutable std::mutex guard_;
  std::unordered_map<std::string, std::uint64_t> counts_;
  std::size_t max_keys_;
  std::uint64_t dropped_ = 0;
};

}  // namespace strata::flow
