// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace strata::flow {

/// What warm has of keys, as far as the feed has told it since it began: who keeps warm in step need not read that again, which
/// would be as much as is written (K7). Forgets by overwriting (K12); what it does not know is read.
/// A template, so that a program which only includes a cache compiles none of it.
/// \threads any
template <class Place = position>
class told_places {
 public:
  static constexpr std::size_t limit = 4'096;  // 96 KiB

  /// \param r  none: of a program without revisions, whose message orders nothing
  void note(std::uint64_t hash, revision r, Place at) {
    std::lock_guard const held{guard_};
    if (entries_.empty()) entries_.resize(limit);
    entries_[hash % limit] = {hash, r, at};
  }
  /// \returns where that revision of the key stands, or a later one
  [[nodiscard]] std::optional<Place> at_least(std::uint64_t hash, revision r) const noexcept {
    std::lock_guard const held{guard_};
    if (entries_.empty()) return std::nullopt;
    auto const& one = entries_[hash % limit];
    if (one.hash != hash || one.revision == revision{} || one.revision < r) return std::nullopt;
    return one.at;
  }
  void clear() noexcept {
    std::lock_guard const held{guard_};
    entries_.clear();
  }

 private:
  struct entry {
    std::uint64_t hash = 0;
    strata::revision revision{};
    Place at{};
  };

  mutable std::mutex guard_;
  std::vector<entry> entries_;
};

/// Of a cache that keeps no warm in step.
struct tells_no_places {
  static void note(std::uint64_t, revision, position) noexcept {}
  static void clear() noexcept {}
};

}  // namespace strata::flow
