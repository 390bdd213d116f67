// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hash.hpp>
#include <strata/hit.hpp>
#include <strata/hot/engine/access.hpp>
#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/kept_key.hpp>
#include <strata/hot/engine/memory.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

// The entries of a shard: one array, sized once, each place an entry for good. A dead entry has no box, keeps the memory
// of its key for the next one, and links to the next dead one. Places never used are never touched, so a large capacity
// costs memory only when it is filled.
namespace strata::hot::engine {

/// The half of the hash that the index wants stands in the entry.
struct hash_in_entry {
  using part = std::uint32_t;
  explicit hash_in_entry(auto const&) noexcept {}
  static std::uint32_t of(auto const& entry) noexcept { return entry.hash; }
  static auto& link(auto& entry) noexcept { return entry.hash; }  // of a dead one: the next dead one
};
/// It is worked out when the entry goes or moves. That of a number takes a nanosecond.
template <class Key>
struct hash_from_key {
  struct part {};
  explicit hash_from_key(auto const& context) noexcept : hash{context.hash} {}
  std::uint32_t of(auto const& entry) const noexcept { return kept_hash(hash(entry.key).hash); }
  static auto& link(auto& entry) noexcept { return entry.key; }
  hasher<Key> hash;
};
template <class Key, class Context>
struct hash_place {
  using type = hash_in_entry;
};
template <std::integral Key, class Context>
  requires(sizeof(Key) >= sizeof(slot)) && requires(Context const& c) { c.hash; }
struct hash_place<Key, Context> {
  using type = hash_from_key<Key>;
};

struct uncounted {};

template <class Key, class Value, class Node, bool Counted, class Hash>
struct entry_parts {
  [[no_unique_address]] typename Hash::part hash{};
  [[no_unique_address]] Node node{};
  [[no_unique_address]] std::conditional_t<Counted, std::uint32_t, uncounted> uses{};
  typename kept_key<Key>::type key{};
  lending_box<Value> value{};  // null: dead
};
// What nearly fills its last cache line is made to: else most would lie on one line more.
template <class Parts>
inline constexpr std::size_t entry_alignment = (sizeof(Parts) - 1) % 64 >= 48 ? 64 : alignof(Parts);

/// With text keys it is a cache line.
template <class Key, class Value, class Node, bool Counted, class Hash = hash_in_entry>
struct alignas(entry_alignment<entry_parts<Key, Value, Node, Counted, Hash>>) entry
    : entry_parts<Key, Value, Node, Counted, Hash> {};

template <class Entry, class Hash, class Access = behind_lock>
class slab {
 public:
  slab(std::size_t size, pages kind, Hash const& hash)
      : entries_{static_cast<Entry*>(allocate(size * sizeof(Entry), kind))}, size_{size}, hash_{hash} {}
  slab(slab&& other) noexcept : hash_{other.hash_} { swap(other); }
  slab& operator=(slab&&) = delete;
  ~slab() {
    for (std::size_t i = 0; i < touched_; ++i) entries_[i].~Entry();
    release{}(entries_);
  }

  /// Asks memory for the entry.
  void prefetch(slot i) const noexcept {
    auto const* const at = reinterpret_cast<char const*>(entries_ + i);
    for (std::size_t line = 0; line < sizeof(Entry); line += 64) __builtin_prefetch(at + line);
    if constexpr (64 % sizeof(Entry) != 0 && sizeof(Entry) % 64 != 0)  // else none lies on one line more
      __builtin_prefetch(at + sizeof(Entry) - 1);
  }
  Entry& operator[](slot i) noexcept { return entries_[i]; }
  Entry const& operator[](slot i) const noexcept { return entries_[i]; }
  /// Of an entry that is not dead.
  [[nodiscard]] std::uint32_t hash(slot i) const noexcept { return hash_.of(entries_[i]); }
  [[nodiscard]] auto nodes() noexcept { return node_array{*this}; }
  [[nodiscard]] auto nodes() const noexcept { return node_array{*this}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Slots below it have been used; entries from it on do not exist.
  [[nodiscard]] std::size_t touched() const noexcept { return touched_; }

  [[nodiscard]] bool full() const noexcept { return free_ == no_slot && touched_ == size_; }
  /// A dead entry; there must be one.
  [[nodiscard]] slot take() noexcept {
    if (free_ == no_slot) {
      ::new (static_cast<void*>(entries_ + touched_)) Entry;
      return static_cast<slot>(touched_++);
    }
    return std::exchange(free_, link(free_));
  }
  /// The entry's box must be null.
  void give(slot i) noexcept {
    auto& link = Hash::link(entries_[i]);
    link = static_cast<std::remove_reference_t<decltype(link)>>(std::exchange(free_, i));
  }

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
    for (slot i = free_; i != no_slot && n <= touched_; i = link(i)) ++n;
    return n;
  }

 private:
  [[nodiscard]] slot link(slot dead) const noexcept { return static_cast<slot>(Hash::link(entries_[dead])); }

  static_assert(std::is_nothrow_default_constructible_v<Entry> && std::is_nothrow_move_constructible_v<Entry>);

  std::size_t touched_ = 0;
  slot free_ = no_slot;
  alignas(std::max(Access::apart, alignof(Entry*))) Entry* entries_ = nullptr;
  std::size_t size_ = 0;
  [[no_unique_address]] Hash hash_;
};

}  // namespace strata::hot::engine
