// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

// The program's operator new, which asks the test first. One source file of a program includes it, and says what is refused.
namespace strata_test {

/// Whether this allocation fails.
bool refuses(std::size_t bytes) noexcept;

inline void* memory_or_nothing(std::size_t bytes) noexcept {
  return refuses(bytes) ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
}

}  // namespace strata_test

// The thread sanitizer has an operator new of its own, and allows no other: there nothing is asked.
#if defined(__clang__)
#if __has_feature(thread_sanitizer)
#define STRATA_KEEPS_OPERATOR_NEW
#endif
#elif defined(__SANITIZE_THREAD__)
#define STRATA_KEEPS_OPERATOR_NEW
#endif
#ifndef STRATA_KEEPS_OPERATOR_NEW
// Not inlined: compilers take a malloc behind new for a mistake where they see both.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (void* const memory = strata_test::memory_or_nothing(bytes)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::nothrow_t const&) noexcept {
  return strata_test::memory_or_nothing(bytes);
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  auto const step = static_cast<std::size_t>(alignment);
  if (!strata_test::refuses(bytes))
    if (void* const memory = std::aligned_alloc(step, (bytes + step - 1) / step * step)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
#endif
#undef STRATA_KEEPS_OPERATOR_NEW
