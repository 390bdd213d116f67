// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

namespace strata_test {

// Whether what counts to thousands and millions counts to less: one cell of the matrix counts to all, the quickest.
#if defined(STRATA_TEST_BRIEF)
inline constexpr bool brief = true;
#else
inline constexpr bool brief = false;
#endif

}  // namespace strata_test
