// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/testing/report.hpp>

#include <boost/test/unit_test.hpp>

// The law suites under Boost.Test:
//   BOOST_AUTO_TEST_CASE(laws) { strata::testing::codec_laws<my_codec>(samples, strata::testing::boost_report); }
namespace strata::testing {

inline constexpr auto boost_report = [](verdict const& v) { BOOST_TEST(v.passed, v.law << ": " << v.text); };

}  // namespace strata::testing
