// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>

#include <string>
#include <string_view>

// Whether the instances of a space share one warm store, which positions and the horizon take for granted (K7, K9). Whoever
// holds the horizon signs with his store, so the others can tell; a signature without one, and a store that is not known
// just now, say nothing.
namespace strata::flow {

/// Of this instance; empty: not known, or warm cannot tell.
template <class Core>
std::string store_of(Core const& core) {
  if constexpr (tells_identity<typename Core::warm_channel::tier_type>)
    return core.warm.tier().identity();
  else
    return {};
}

/// A holder's name is one word; what comes after it is his store.
inline std::string signature(std::string_view name, std::string_view store) {
  return store.empty() ? std::string{name} : std::string{name}.append(" ").append(store);
}

/// The holder's store, where it is another one than this instance's; else nothing.
template <class Core>
std::string elsewhere_of(Core const& core, std::string_view holder) {
  auto const at = holder.find(' ');
  if (at == std::string_view::npos) return {};
  auto const mine = store_of(core);
  return mine.empty() || mine == holder.substr(at + 1) ? std::string{} : std::string{holder.substr(at + 1)};
}

}  // namespace strata::flow
