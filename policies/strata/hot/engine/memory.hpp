// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include <sys/mman.h>

// Memory for the arrays of a shard, made once. At a million entries nearly every look-up misses the processor's table of
// pages twice; pages of 2 MiB save most of that, and cost what a page is larger than what is used of it.
namespace strata::hot::engine {

enum class pages : std::uint8_t {
  usual,
  huge,  ///< of 2 MiB, for arrays that are as large; asked of the system, which may have none (Linux: madvise)
};

inline constexpr std::size_t huge_page = std::size_t{1} << 21U;

// So that releasing needs to know nothing, every array is aligned alike in both kinds; the alignment of what
// operator new gave must be named again.
struct release {
  void operator()(void* memory) const noexcept { ::operator delete(memory, std::align_val_t{64}); }
};

/// \returns memory that starts on a cache line. \throws bad_alloc
[[nodiscard]] inline void* allocate(std::size_t bytes, pages kind) {
  void* const memory = ::operator new(bytes, std::align_val_t{64});
#if defined(MADV_HUGEPAGE)
  if (kind == pages::huge && bytes >= huge_page) {  // the system takes whole pages, and those inside are whole
    auto const begin = (reinterpret_cast<std::uintptr_t>(memory) + 4095U) & ~std::uintptr_t{4095};
    auto const end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) & ~std::uintptr_t{4095};
    (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
  }
#endif
  return memory;
}

/// Zeros, which become memory page by page where somebody writes. Comes from the system, past the program's operator new,
/// so that it may be asked while a lock is held. \returns null where there is none
[[nodiscard]] inline void* zeros(std::size_t bytes) noexcept {
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}
inline void give_back(void* zeros, std::size_t bytes) noexcept { (void)::munmap(zeros, bytes); }

}  // namespace strata::hot::engine
