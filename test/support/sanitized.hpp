// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

namespace strata_test {

// Whether a sanitizer looks on, under which all takes several times as long and more memory.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#elif defined(__clang__)
inline constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool sanitized = false;
#endif

// Whether it is the one that looks at what threads share, to which a test of one thread says nothing.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool threads_sanitized = true;
#elif defined(__clang__)
inline constexpr bool threads_sanitized = __has_feature(thread_sanitizer);
#else
inline constexpr bool threads_sanitized = false;
#endif

}  // namespace strata_test
