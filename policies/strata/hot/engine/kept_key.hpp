// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hash.hpp>
#include <strata/hit.hpp>
#include <strata/hot/engine/kept_text.hpp>
#include <strata/key.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// How an entry keeps its key, so that under a lock no user code runs but the key's equality, nothing is allocated and
// nothing throws: plain bits by copying them, text in place (kept_text) if it is short, else in memory that the next key of
// the slot takes over, anything else in a counted box, which moves and is shared without touching the key. Each form offers
//   type             what the entry holds; default-constructible, moves without throwing
//   view(kept)       the key
//   make(key)        a kept copy of a key, with nothing held; may throw what copying throws
//   assign(to, key)  copies without allocating; false where that cannot be
//   share(from, to)  the same between two kept keys; `to` is fresh or of an earlier share. Zero when done, else the bytes
//   prepare(to, n)   that `to` has to have room for, which prepare makes with nothing held
//   prefetch(kept)   asks memory for what is not in the entry itself
//   burial           put before a lock, keeps destructors of keys from running under it
namespace strata::hot::engine {

struct no_burial {};

// std::memcmp costs a short key more than comparing it, and the search around it the registers that a call wants saved.
[[gnu::always_inline]] inline bool same_text(std::string_view a, std::string_view b) noexcept {
  std::size_t const size = a.size();
  if (size != b.size()) return false;
  char const* const x = a.data();
  char const* const y = b.data();
  struct wide {};
  auto const same = [=]<class Word>(Word, std::size_t at) {
    using strata::detail::read;
    if constexpr (!std::same_as<Word, wide>) return read<Word>(x + at) == read<Word>(y + at);
#if defined(__SSE2__)
    auto const of = [at](char const* text) { return _mm_loadu_si128(reinterpret_cast<__m128i const*>(text + at)); };
    return _mm_movemask_epi8(_mm_cmpeq_epi8(of(x), of(y))) == 0xFFFF;
#else
    return ((read<std::uint64_t>(x + at) ^ read<std::uint64_t>(y + at)) |
            (read<std::uint64_t>(x + at + 8) ^ read<std::uint64_t>(y + at + 8))) == 0;
#endif
  };
  if (size > 16) {  // the last sixteen bytes come first: keys that are alike differ at the end
    if (!same(wide{}, size - 16)) return false;
    std::size_t at = 0;
    do {
      if (!same(wide{}, at)) return false;
      at += 16;
    } while (at < size - 16);
    return true;
  }
  if (size >= 8) return same(std::uint64_t{}, 0) && same(std::uint64_t{}, size - 8);
  if (size >= 4) return same(std::uint32_t{}, 0) && same(std::uint32_t{}, size - 4);
  return size == 0 || (x[0] == y[0] && x[size / 2] == y[size / 2] && x[size - 1] == y[size - 1]);
}

/// Types of the user.
template <class K>
struct kept_key {
  using type = box<K>;
  using burial = typename box<K>::burial;
  static constexpr bool foreign = true;
  static key_view<K> view(type const& kept) noexcept { return kept.value(); }
  static bool equal(type const& kept, key_view<K> k) { return kept.value() == k; }
  static type make(key_view<K> k) { return {revision{}, k}; }
  static bool assign(type&, key_view<K>) noexcept { return false; }
  static std::size_t share(type const& from, type& to) noexcept {
    to = from;
    return 0;
  }
  static void prepare(type&, std::size_t) noexcept {}
  static void prefetch(type const& kept) noexcept { kept.prefetch(); }
};

template <class K>
  requires std::is_trivially_copyable_v<K> && std::is_default_constructible_v<K> && std::is_copy_assignable_v<K>
struct kept_key<K> {
  using type = K;
  using burial = no_burial;
  static constexpr bool foreign = false;
  static key_view<K> view(type const& kept) noexcept { return kept; }
  static bool equal(type const& kept, key_view<K> k) { return kept == k; }
  static type make(key_view<K> k) noexcept { return k; }
  static bool assign(type& to, key_view<K> k) noexcept {
    to = k;
    return true;
  }
  static std::size_t share(type const& from, type& to) noexcept {
    to = from;
    return 0;
  }
  static void prepare(type&, std::size_t) noexcept {}
  static void prefetch(type const&) noexcept {}
};

template <>
struct kept_key<std::string> {
  using type = kept_text;
  using burial = no_burial;
  static constexpr bool foreign = false;
  [[gnu::always_inline]] static std::string_view view(type const& kept) noexcept { return kept.view(); }
  [[gnu::always_inline]] static bool equal(type const& kept, std::string_view k) noexcept {
    return same_text(kept.view(), k);
  }
  static type make(std::string_view k) { return type{k}; }
  static bool assign(type& to, std::string_view k) noexcept { return to.settle(k); }
  static std::size_t share(type const& from, type& to) noexcept {
    return to.assign(from.view()) ? 0 : from.view().size();
  }
  static void prepare(type& to, std::size_t bytes) { to.reserve(bytes); }
  static void prefetch(type const& kept) noexcept {
    if (auto const* const text = kept.elsewhere()) __builtin_prefetch(text);
  }
};

}  // namespace strata::hot::engine
