// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "counted.hpp"

#include <strata/box.hpp>
#include <strata/hit.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using namespace strata;

static_assert(sizeof(box<std::string>) == sizeof(void*));

BOOST_AUTO_TEST_SUITE(boxes)

BOOST_AUTO_TEST_CASE(a_burial_puts_destructors_off_to_the_end_of_the_outermost) {
  box<counted> a{revision{1}, counted{}};
  box<counted> b{revision{2}, counted{}};
  auto const shared = b;
  {
    box<counted>::burial const later;
    a = {};
    b = {};
    BOOST_TEST(counted::alive == 2);
    {
      box<counted>::burial const inner;
      box<counted> const brief{revision{3}, counted{}};
    }
    BOOST_TEST(counted::alive == 3);
  }
  BOOST_TEST(counted::alive == 1);
  BOOST_TEST(number(shared.revision()) == 2u);
}

BOOST_AUTO_TEST_CASE(a_box_may_have_an_end_beside_its_weight) {
  auto const end = kernel::moment{} + std::chrono::hours{1};
  {
    box<counted> const ends{revision{7}, counted{}, end};
    box<counted> const stays{revision{7}, counted{}, kernel::moment::max()};
    BOOST_TEST((ends.ends() == end && stays.ends() == kernel::moment::max()));
    for (auto const* one : {&ends, &stays}) {
      BOOST_TEST((!one->weighed() && one->weigh(40) == 40U && one->weighed() && one->weight() == 40U));
      auto const shared = *one;
      BOOST_TEST(one->weigh(50) == 40U);  // the first to say so decides
    }
    hit<counted> const found{ends, tier::hot};
    BOOST_TEST((found.ends() == end && ends.ends() == end && hit<counted>{}.ends() == kernel::moment::max()));
    BOOST_TEST(counted::alive == 2);
  }
  BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_SUITE_END()
