// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace fleet {

/// Where the servers are, and what all contenders are given alike.
struct setting {
  std::string postgres = {};
  std::string nats = {};
  int valkey_port = 0;
  std::size_t capacity = 1'000;  ///< entries in the memory of a process
  std::chrono::milliseconds map_expiry{1'000};
};

}  // namespace fleet
