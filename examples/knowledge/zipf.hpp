// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace knowledge_tool {

/// Requests over n things of which the k-th most wanted is asked for in proportion to 1 / k^exponent. Which thing is how
/// wanted is shuffled by the seed. The same arguments give the same requests everywhere: the standard's engines are
/// pinned down bit for bit, its distributions are not, so none is used.
/// \complexity O(log n) a request
class zipf {
 public:
  zipf(std::size_t n, double exponent, std::uint64_t seed) : engine_{seed}, things_(n), up_to_(n) {
    std::iota(things_.begin(), things_.end(), std::size_t{0});
    for (std::size_t i = n; i > 1; --i) std::swap(things_[i - 1], things_[engine_() % i]);
    double sum = 0;
    for (std::size_t k = 0; k < n; ++k) up_to_[k] = sum += 1 / std::pow(static_cast<double>(k + 1), exponent);
  }
  std::size_t next() {
    double const at = static_cast<double>(engine_() >> 11U) * 0x1p-53 * up_to_.back();
    auto const k = std::ranges::upper_bound(up_to_, at) - up_to_.begin();
    return things_[std::min(static_cast<std::size_t>(k), things_.size() - 1)];
  }

 private:
  std::mt19937_64 engine_;
  std::vector<std::size_t> things_;
  std::vector<double> up_to_;
};

}  // namespace knowledge_tool
