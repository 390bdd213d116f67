// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <concepts>
#include <cstdint>

// What an eviction algorithm is: some forty lines over nodes that are embedded in the entries. The engine hands it the
// nodes and an index each time (a node alone cannot relink a list), under the shard's lock; it never sees key or value.
namespace strata::hot::engine {

/// An entry's place in its shard.
using slot = std::uint32_t;
inline constexpr slot no_slot = ~slot{};

/// What on_hit needs: not to be called at all, only that the entry stays, or the shard for itself.
enum class hit_needs : std::uint8_t { nothing, shared, exclusive };

/// An entry that is not yet there and asks for room.
struct newcomer {
  std::uint64_t hash = 0;
  std::uint32_t weight = 0;
};
/// Room is wanted although nobody comes: the shard shrinks. No algorithm may prefer it to an entry.
inline constexpr newcomer nobody{};

/// The nodes of a shard's entries, by slot.
template <class Entry>
class node_array {
 public:
  explicit node_array(Entry* entries) noexcept : entries_{entries} {}
  auto& operator[](slot i) const noexcept { return entries_[i].node; }

 private:
  Entry* entries_;
};

namespace detail {
template <class Node>
struct any_nodes {
  Node& operator[](slot) const noexcept;
};
}  // namespace detail

/// One object per shard. Laws: victim names an entry that was inserted and not erased, or refuses the newcomer with
/// no_slot; the engine calls on_erase for the victim as for any other entry that goes; nothing throws.
///   node      default-constructible; empty costs nothing
///   valid     optional, for tests: whether the structure holds exactly `entries` nodes
template <class E>
concept eviction = std::default_initializable<E> && std::default_initializable<typename E::node> &&
                   requires(E e, detail::any_nodes<typename E::node> nodes, slot i, newcomer const& who) {
                     { E::needs } -> std::convertible_to<hit_needs>;
                     { e.on_hit(nodes, i) } noexcept;
                     { e.on_insert(nodes, i, who.hash, who.weight) } noexcept;
                     { e.on_erase(nodes, i) } noexcept;
                     { e.victim(nodes, who) } noexcept -> std::same_as<slot>;
                   };

}  // namespace strata::hot::engine
