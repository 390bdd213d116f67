// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "trace.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

// Streams that are hard for one algorithm or another, each the same whenever it is made.
namespace hit_ratio {

/// Numbers below n, the first ones most often: number r with a weight of 1 / (r + 1)^skew.
class zipf {
 public:
  zipf(std::size_t n, double skew) : until_(n) {
    double sum = 0;
    for (std::size_t r = 0; r < n; ++r) until_[r] = sum += std::pow(static_cast<double>(r + 1), -skew);
    for (double& u : until_) u /= sum;
  }
  std::uint64_t operator()(std::mt19937_64& random) const {
    double const at = static_cast<double>(random() >> 11U) * 0x1p-53;
    return static_cast<std::uint64_t>(std::ranges::upper_bound(until_, at) - until_.begin());
  }

 private:
  std::vector<double> until_;
};

struct stream {
  trace requests;
  std::vector<std::size_t> sizes;
};

/// All of them. Keys from 2^40 on are fresh: nobody has asked for them before.
inline std::vector<stream> streams(std::size_t length = 600'000) {
  constexpr std::uint64_t fresh = std::uint64_t{1} << 40U;
  std::vector<stream> all;
  auto const make = [&](std::string name, std::vector<std::size_t> sizes, auto add) {
    stream s;
    s.requests.name = std::move(name);
    s.sizes = std::move(sizes);
    std::mt19937_64 random{42};
    while (s.requests.requests.size() < length) add(s.requests, random);
    s.requests.requests.resize(length);
    s.requests.seal();
    all.push_back(std::move(s));
  };
  zipf const small{2'000, 0.9};
  zipf const large{100'000, 0.9};

  // A scan whose every key comes a second time when 300 others have come; three of ten times a skewed request instead.
  make("two-hit", {500, 1'000}, [&, next = fresh](trace& t, auto& random) mutable {
    if (random() % 10 < 3) return t.add(small(random));
    t.add(next);
    if (next >= fresh + 300) t.add(next - 300);
    ++next;
  });
  // Passes over 600 keys, the next one beginning 100 keys later.
  make("sliding", {1'000}, [first = std::uint64_t{0}](trace& t, auto&) mutable {
    for (std::uint64_t i = 0; i < 600; ++i) t.add(first + i);
    first += 100;
  });
  make("loop", {500}, [at = std::uint64_t{0}](trace& t, auto&) mutable { t.add(at++ % 1'100); });
  make("turns", {1'000}, [&](trace& t, auto& random) {
    for (std::uint64_t i = 0; i < 60'000; ++i) t.add(large(random));
    for (std::uint64_t i = 0; i < 60'000; ++i) t.add(fresh + i % 1'500);
  });
  // Every 50,000 requests others are popular.
  make("rotating", {1'000}, [&, turn = std::uint64_t{0}](trace& t, auto& random) mutable {
    for (std::uint64_t i = 0; i < 50'000; ++i) t.add((large(random) + turn * 10'007) % 100'000);
    ++turn;
  });
  // A skewed request, or as often a fresh key three times in a row.
  make("bursts", {1'000}, [&, next = fresh](trace& t, auto& random) mutable {
    if (random() % 2 == 0) return t.add(large(random));
    for (int i = 0; i < 3; ++i) t.add(next);
    ++next;
  });
  make("zipf", {1'000}, [&](trace& t, auto& random) { t.add(large(random)); });
  return all;
}

}  // namespace hit_ratio
