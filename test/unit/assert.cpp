// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <string>
#include <tuple>

namespace {
std::string heard;
}
#define STRATA_ASSERT(condition, mistake) ((condition) ? void() : void(heard = (mistake)))

#include <strata/hit.hpp>

#include <boost/test/unit_test.hpp>

using namespace strata;

// Mistakes of a program come to the macro that it defines, and what can be answered is answered without a look at what is not
// there.
using both = std::tuple<std::string, int>;

BOOST_AUTO_TEST_CASE_TEMPLATE(what_a_hit_does_not_have, Value, both) {
  auto const none = hit<Value>::nothing(tier::cold);
  hit<Value> const some{box<Value>{revision{1}, Value{}}, tier::hot};
  hit<Value> const failure{error{errc::unavailable, tier::warm, "down"}};

  heard.clear();
  BOOST_TEST(*some == Value{});
  BOOST_TEST(failure.error().text() == "down");
  BOOST_TEST(heard == "");

  BOOST_TEST(to_string(none.error().code()) == "no error");
  BOOST_TEST(heard.contains("ask absent()"));
  heard.clear();
  BOOST_TEST(to_string(some.error().code()) == "no error");
  BOOST_TEST(heard.contains("ask absent()"));
  heard.clear();
  if constexpr (held_inline<Value>) (void)*none;  // what it looks at there is its own
  BOOST_TEST(heard.contains("ask it first") == held_inline<Value>);
}
