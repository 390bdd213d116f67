// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

// STRATA_ASSERT(condition, "what the program did wrong") looks for mistakes that no error can report, such as the value of a
// hit that has none. It is the standard assert, so NDEBUG leaves it out; who defines it before any header of Strata, and alike
// in all sources of the program, hears of them in a way of his own.
#ifndef STRATA_ASSERT
#include <cassert>
#define STRATA_ASSERT(condition, mistake) assert((condition) && (mistake))
#endif
