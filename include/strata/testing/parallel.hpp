// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <thread>
#include <vector>

namespace strata::testing {

/// Runs f(i) for each i below n on a thread of its own, and waits for all. (std::jthread is not in every standard library.)
/// \param f must not throw
template <class F>
void in_parallel(std::size_t n, F const& f) {
  std::vector<std::thread> threads;
  threads.reserve(n);
  for (std::size_t i = 0; i < n; ++i) threads.emplace_back([&f, i] { f(i); });
  for (auto& one : threads) one.join();
}

}  // namespace strata::testing
