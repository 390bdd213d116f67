// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

// Counts what operator new gives in this program, and can make it fail. For one source file of a program with one
// thread.
namespace counted {

inline std::uint64_t given = 0;
inline std::size_t left = static_cast<std::size_t>(-1);

/// In bytes, counting up only.
inline std::uint64_t bytes() noexcept { return given; }
inline void fail_after(std::size_t allocations) noexcept { left = allocations; }
inline void never_fail() noexcept { left = static_cast<std::size_t>(-1); }

}  // namespace counted

// noinline: else GCC takes malloc and free across the two for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (counted::left == 0) throw std::bad_alloc{};
  if (counted::left != static_cast<std::size_t>(-1)) --counted::left;
  counted::given += size;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t size, std::nothrow_t const&) noexcept {
  try {
    return ::operator new(size);
  } catch (std::bad_alloc const&) {
    return nullptr;
  }
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
