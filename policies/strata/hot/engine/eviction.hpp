// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/access.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

// What an eviction algorithm is: some forty lines over nodes that are embedded in the entries. The engine hands it the
// nodes and an index each time (a node alone cannot relink a list), under the shard's lock; it never sees key or value.
namespace strata::hot::engine {

/// An entry's place in its shard, in 28 bits: see links.hpp.
using slot = std::uint32_t;
inline constexpr slot no_slot = (slot{1} << 28U) - 1;
/// As many entries a shard has at most; the numbers between are for the ends of lists.
inline constexpr slot most_slots = no_slot - 256;

/// What on_hit needs: not to be called at all; only that the entry stays, so that it may run beside other hits and touches
/// nothing but its own node, atomically; or the shard for itself. Then hits are noted and told later, in the order of each
/// thread and before anything else changes; those that `idle` calls so need not be told.
enum class hit_needs : std::uint8_t { nothing, shared, exclusive };

/// An entry that is not yet there and asks for room.
struct newcomer {
  std::uint64_t hash = 0;
  std::uint32_t weight = 0;
};
/// Room is wanted although nobody comes: the shard shrinks. No algorithm may prefer it to an entry.
inline constexpr newcomer nobody{};

/// What is asked of a key's hash as long as its entry is there: the half that does not choose the shard.
[[nodiscard]] constexpr std::uint32_t kept_hash(std::uint64_t hash) noexcept {
  return static_cast<std::uint32_t>(hash);
}

/// The nodes of a shard's entries, by slot; and the halves of their keys' hashes, which may be worked out for it.
template <class Slab>
class node_array {
 public:
  explicit node_array(Slab& entries) noexcept : entries_{entries} {}
  auto& operator[](slot i) const noexcept { return entries_[i].node; }
  [[nodiscard]] std::uint32_t hash(slot i) const noexcept { return entries_.hash(i); }

 private:
  Slab& entries_;
};

namespace detail {
template <class Node>
struct any_nodes {
  Node& operator[](slot) const noexcept;
  [[nodiscard]] std::uint32_t hash(slot) const noexcept;
};
}  // namespace detail

/// An algorithm with settings, or with memory of its own beside the nodes (ghosts, sketches), which it makes for a
/// capacity in entries: E(settings, capacity). When its shard grows, one made for the new capacity takes the place of the
/// old one and all it knows of the entries: take_over(old); it may throw in its making, when nothing is held, alone.
template <class E>
concept sized_eviction = requires(typename E::settings const& given, std::size_t capacity, E& e) {
  requires std::default_initializable<typename E::settings>;
  E(given, capacity);
  { e.take_over(e) } noexcept;
};

/// One that has a form for each way to its nodes (access.hpp), and is itself one of these: who derives from such a form brings
/// hooks of his own, which the others have not.
template <class E, class Access>
concept eviction_with = requires {
  requires std::same_as<E, typename E::template with<behind_lock>>;
  typename E::template with<Access>;
};

/// One object per shard. Laws: victim names an entry that was inserted and not erased, or refuses the newcomer with
/// no_slot; the engine calls on_erase for the victim as for any other entry that goes; nothing throws.
///   node      default-constructible; empty costs nothing
///   idle      optional, where needs is exclusive: what of a hit may run beside others, as with shared; whether on_hit would
///             do nothing more. No other hit may change what it says of an entry
///   on_move   optional: on_move(nodes, from, to) puts another entry in the place of one, with all that is known of it; and
///   with      optional: with<Access>, the algorithm for that way to its nodes (access.hpp). For engine::epoch_read alone,
///             under which slots go further than the capacity: up to limbo::places of it
///   on_weight optional: on_weight(nodes, i, weight) tells that another value has taken the place of the entry's
///   valid     optional, for tests: whether the structure holds exactly `entries` nodes
template <class E>
concept eviction =
    (std::default_initializable<E> || sized_eviction<E>) && std::default_initializable<typename E::node> &&
    requires(E e, detail::any_nodes<typename E::node> nodes, slot i, newcomer const& who) {
      { E::needs } -> std::convertible_to<hit_needs>;
      { e.on_hit(nodes, i) } noexcept;
      { e.on_insert(nodes, i, who.hash, who.weight) } noexcept;
      { e.on_erase(nodes, i) } noexcept;
      { e.victim(nodes, who) } noexcept -> std::same_as<slot>;
    };

/// The algorithm as the callers' way to the entries wants it.
template <class Eviction, class Access>
struct eviction_for {
  using type = Eviction;
};
template <class Eviction, class Access>
  requires eviction_with<Eviction, Access>
struct eviction_for<Eviction, Access> {
  using type = typename Eviction::template with<Access>;
};

struct no_settings {};
template <class E>
struct settings_of {
  using type = no_settings;
};
template <sized_eviction E>
struct settings_of<E> {
  using type = typename E::settings;
};

/// An algorithm for that capacity. \throws bad_alloc, where it has memory of its own
template <eviction E>
[[nodiscard]] E make_eviction([[maybe_unused]] typename settings_of<E>::type const& given,
                              [[maybe_unused]] std::size_t capacity) {
  if constexpr (sized_eviction<E>)
    return E(given, capacity);
  else
    return E{};
}

}  // namespace strata::hot::engine
