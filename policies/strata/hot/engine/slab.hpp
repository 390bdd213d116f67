// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hit.hpp>
#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/kept_key.hpp>
#include <strata/hot/engine/memory.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

// The entries of a shard: one array, sized once, each place an entry for good. A dead entry has no box, keeps the memory
// of its key for the next one, and links to the next dead one. Places never used are never touched, so a large capacity
// costs memory only when it is filled.
namespace strata::hot::engine {

struct uncounted {};

template <class Key, class Value, class Node, bool Counted>
struct entry_parts {
  std::uint32_t hash = 0;  // the half that the index wants; of a dead entry: the next dead one
  [[no_unique_address]] Node node{};
  [[no_unique_address]] std::conditional_t<Counted, std::uint32_t, uncounted> uses{};
  typename kept_key<Key>::type key{};
  lending_box<Value> value{};  // null: dead
};
// What nearly fills its last cache line is made to: else most would lie on one line more.
template <class Parts>
inline constexpr std::size_t entry_alignment = (sizeof(Parts) - 1) % 64 >= 48 ? 64 : alignof(Parts);

/// With text keys it is a cache line.
template <class Key, class Value, class Node, bool Counted>
struct alignas(entry_alignment<entry_parts<Key, Value, Node, Counted>>) entry : entry_parts<Key, Value, Node, Counted> {
};

template <class Entry>
class slab {
 public:
  explicit slab(std::size_t size, pages kind = pages::usual)
      : entries_{static_cast<Entry*>(allocate(size * sizeof(Entry), kind))}, size_{size} {}
  slab(slab&& other) noexcept { swap(other); }
  slab& operator=(slab&&) = delete;
  ~slab() {
    for (std::size_t i = 0; i < touched_; ++i) entries_[i].~Entry();
    release{}(entries_);
  }

  /// Asks memory for the entry.
  void prefetch(slot i) const noexcept {
    __builtin_prefetch(entries_ + i);
    if constexpr (64 % sizeof(Entry) != 0)  // else none lies on two lines
      __builtin_prefetch(reinterpret_cast<char const*>(entries_ + i + 1) - 1);
  }
  Entry& operator[](slot i) noexcept { return entries_[i]; }
  Entry const& operator[](slot i) const noexcept { return entries_[i]; }
  [[nodiscard]] auto nodes() noexcept { return node_array<Entry>{entries_}; }
  [[nodiscard]] auto nodes() const noexcept { return node_array<Entry const>{entries_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Slots below it have been used; entries from it on do not exist.
  [[nodiscard]] std::size_t touched() const noexcept { return touched_; }

  /// A dead entry; there must be one.
  [[nodiscard]] slot take() noexcept {
    if (free_ == no_slot) {
      ::new (static_cast<void*>(entries_ + touched_)) Entry;
      return static_cast<slot>(touched_++);
    }
    return std::exchange(free_, entries_[free_].hash);
  }
  /// The entry's box must be null.
  void give(slot i) noexcept { entries_[i].hash = std::exchange(free_, i); }

  /// Takes over all entries of a smaller slab, each in its slot, and leaves that one its own fresh memory.
  void take_over(slab& smaller) noexcept {
    for (std::size_t i = 0; i < smaller.touched_; ++i)
      ::new (static_cast<void*>(entries_ + i)) Entry(std::move(smaller.entries_[i]));
    touched_ = smaller.touched_;
    free_ = smaller.free_;
  }
  void swap(slab& other) noexcept {
    std::swap(entries_, other.entries_);
    std::swap(size_, other.size_);
    std::swap(touched_, other.touched_);
    std::swap(free_, other.free_);
  }

  /// How many dead entries are linked. For tests.
  [[nodiscard]] std::size_t dead() const noexcept {
    std::size_t n = 0;
    for (slot i = free_; i != no_slot && n <= touched_; i = entries_[i].hash) ++n;
    return n;
  }

 private:
  static_assert(std::is_nothrow_default_constructible_v<Entry> && std::is_nothrow_move_constructible_v<Entry>);

  Entry* entries_ = nullptr;
  std::size_t size_ = 0;
  std::size_t touched_ = 0;
  slot free_ = no_slot;
};

}  // namespace strata::hot::engine
