// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE strata
#include <boost/test/included/unit_test.hpp>
