// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace strata::flow {

/// Keys of which a program without revisions has left something in warm: it may be older than what cold has. Every instance
/// takes down those it hears of; the one who keeps warm in step looks at them (K7), and who takes his place knows them too.
/// \threads any
class strays {
 public:
  static constexpr std::size_t limit = 4'096;  // K12: the older half is forgotten, until its keys change again

  void note(std::string_view key) {
    std::lock_guard const held{guard_};
    if (!keys_.empty() && keys_.back() == key) return;
    if (keys_.size() >= limit) drop(limit / 2);
    keys_.emplace_back(key);
  }
  /// The oldest thousand, some perhaps several times; they are noted no longer.
  [[nodiscard]] std::vector<std::string> take() {
    std::lock_guard const held{guard_};
    auto const count = std::min<std::size_t>(keys_.size(), 1'000);
    std::vector<std::string> some(std::move_iterator{keys_.begin()}, std::move_iterator{at(count)});
    drop(count);
    return some;
  }

 private:
  [[nodiscard]] std::vector<std::string>::iterator at(std::size_t i) {
    return keys_.begin() + static_cast<std::ptrdiff_t>(i);
  }
  void drop(std::size_t count) { keys_.erase(keys_.begin(), at(count)); }

  std::mutex guard_;
  std::vector<std::string> keys_;
};

/// Of a cache that keeps no warm in step.
struct no_strays {
  static void note(std::string_view) noexcept {}
};

}  // namespace strata::flow
