// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace strata_test {

/// A codec for numbers, where a test needs one and does not care which.
struct digits {
  using value_type = int;
  static constexpr std::string_view id = "digits";
  static constexpr std::uint64_t fingerprint = 1;
  static strata::result<void> encode(int n, std::string& out) {
    out += std::to_string(n);
    return {};
  }
  static strata::result<int> decode(std::string_view text) { return std::stoi(std::string{text}); }
};

}  // namespace strata_test
