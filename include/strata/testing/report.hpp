// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// How a law suite tells what it found: one verdict per check, to whatever callable the caller gives. The suites know no
// test framework; testing/boost.hpp hands the verdicts to Boost.Test.
namespace strata::testing {

/// One check of one law. A law may be checked many times; it holds when every check passed.
struct verdict {
  std::string_view law;  ///< the law's name, a literal: "decode(encode(v)) equals v"
  bool passed;
  std::string_view text;  ///< what was seen, for a person; valid during the call
};

template <class R>
concept reporter = std::invocable<R&, verdict const&>;

/// Keeps the names of the laws that did not hold and counts the checks, for a test that expects a policy to fail.
class tally {
 public:
  void operator()(verdict const& v) {
    ++checks_;
    if (!v.passed && !broke(v.law)) broken_.emplace_back(v.law);
  }
  [[nodiscard]] bool broke(std::string_view law) const {
    for (auto const& name : broken_)
      if (name == law) return true;
    return false;
  }
  [[nodiscard]] std::vector<std::string> const& broken() const { return broken_; }
  [[nodiscard]] std::size_t checks() const { return checks_; }

 private:
  std::vector<std::string> broken_;
  std::size_t checks_ = 0;
};

}  // namespace strata::testing
