// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <atomic>
#include <cstddef>

// How a shard's writers change what its hits read: index, links, the algorithm's clock. Behind a lock nobody reads
// meanwhile, and it is plain memory. Beside hits each word is an atomic, written with release and read with acquire, which
// are plain moves on x86; fences were rejected, since the sanitizer of threads does not see them.
namespace strata::hot::engine {

struct behind_lock {
  static constexpr bool beside = false;
  /// Of what hits read, to lie on a line that writers seldom change.
  static constexpr std::size_t apart = 1;

  template <class T>
  [[gnu::always_inline]] static T get(T const& from) noexcept {
    return from;
  }
  template <class T>
  [[gnu::always_inline]] static void set(T& to, T value) noexcept {
    to = value;
  }
};

struct beside_hits {
  static constexpr bool beside = true;
  static constexpr std::size_t apart = 64;

  template <class T>
  [[gnu::always_inline]] static T get(T const& from) noexcept {
    return std::atomic_ref<T>{const_cast<T&>(from)}.load(std::memory_order_acquire);
  }
  template <class T>
  [[gnu::always_inline]] static void set(T& to, T value) noexcept {
    std::atomic_ref<T>{to}.store(value, std::memory_order_release);
  }
};

}  // namespace strata::hot::engine
