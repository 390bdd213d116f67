// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <string>

// The absent tier and the absent codec. One name fits any tier place; nothing of it remains in the compiled cache.
namespace strata {

struct none {
  struct options {};
  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const&, Context const&) noexcept {}
  };
};

namespace codec {

/// Names the value (and the key) of a cache that never leaves memory.
template <class T, class Key = std::string>
struct none {
  using value_type = T;
  using key_type = Key;
};

}  // namespace codec
}  // namespace strata
