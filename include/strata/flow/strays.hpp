// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/run/mutex.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::flow {

/// Keys of which a program without revisions has left something in warm: it may be older than what cold has. Every instance
/// takes down those it hears of; the one who keeps warm in step looks at them (K7), and who takes his place knows them too.
/// A template, so that a program which only includes a cache compiles none of it.
/// \threads any
template <class Text = std::string>
class strays {
 public:
  static constexpr std::size_t limit = 4'096;  // K12: the older half is forgotten, until its keys change again

  void note(std::string_view key) {
    auto const held = guard_.hold();
    if (!keys_.empty() && keys_.back() == key) return;
    if (keys_.size() >= limit) drop(limit / 2);
    keys_.emplace_back(key);
  }
  /// The oldest thousand, some perhaps several times; they are noted no longer.
  [[nodiscard]] std::vector<Text> take() {
    auto const held = guard_.hold();
    std::size_t const count = keys_.size() < 1'000 ? keys_.size() : 1'000;
    std::vector<Text> some;
    some.reserve(count);
    for (std::size_t i = 0; i < count; ++i) some.push_back(std::move(keys_[i]));
    drop(count);
    return some;
  }

 private:
  void drop(std::size_t count) { keys_.erase(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(count)); }

  strata::detail::mutex guard_;
  std::vector<Text> keys_;
};

/// Of a cache that keeps no warm in step.
struct no_strays {
  static void note(std::string_view) noexcept {}
};

}  // namespace strata::flow
