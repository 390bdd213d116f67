// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "order.hpp"

#include <cstddef>
#include <cstdint>
#include <queue>
#include <span>
#include <utility>
#include <vector>

// The optimum: whatever is asked for again last makes room, the newcomer itself too. Belady 1966, with refusal.
namespace hit_ratio {

inline std::uint64_t fewest_misses(std::span<key const> requests, std::size_t keys, std::size_t capacity) {
  constexpr std::uint32_t never = ~std::uint32_t{};
  std::vector<std::uint32_t> next(requests.size());
  std::vector<std::uint32_t> first(keys, never);
  for (std::size_t i = requests.size(); i-- > 0;)
    next[i] = std::exchange(first[requests[i]], static_cast<std::uint32_t>(i));

  std::vector<std::uint32_t> due(keys, never);  // of a key that is here: its next request
  std::vector<bool> here(keys);
  std::priority_queue<std::pair<std::uint32_t, key>> last;  // pairs that due does not confirm are out of date
  std::uint64_t misses = 0;
  std::size_t entries = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    key const k = requests[i];
    if (!here[k]) {
      ++misses;
      if (next[i] == never) continue;
      if (entries == capacity) {
        while (!here[last.top().second] || due[last.top().second] != last.top().first) last.pop();
        if (last.top().first < next[i]) continue;
        here[last.top().second] = false;
        last.pop();
      } else {
        ++entries;
      }
      here[k] = true;
    } else if (next[i] == never) {
      here[k] = false;  // nobody will miss it
      --entries;
      continue;
    }
    due[k] = next[i];
    last.emplace(next[i], k);
  }
  return misses;
}

}  // namespace hit_ratio
