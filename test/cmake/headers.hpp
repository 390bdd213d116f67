// SPDX-License-Identifier: BSL-1.0
#pragma once
// Precompiled for all tests.
#include "standard.hpp"

#include <boost/test/unit_test.hpp>
