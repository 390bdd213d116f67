// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/knowledge.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "setting.hpp"

namespace fleet {

// The usual configuration, with one replica since there is one server.
// [user code]
using knowledge_cache = strata::cache<strata::hot::lru, strata::warm::jetstream, strata::cold::postgres,
                                      strata::codec::json<strata::knowledge_asset>>;

class strata_cache {
 public:
  explicit strata_cache(setting const& s)
      : cache_{{.hot = {.capacity_entries = s.capacity},
                .warm = {.servers = {s.nats}, .replicas = 1},
                .cold = {.connection = s.postgres}}} {}

  knowledge_cache::answer get(std::string const& id) {
    auto found = cache_.get(id);
    if (found.failed()) throw std::runtime_error{std::string{found.error().text()}};
    return found;
  }
  std::uint64_t put(strata::knowledge_asset a) {
    auto const done = cache_.put(std::move(a));
    if (!done) throw std::runtime_error{std::string{done.error().text()}};
    return strata::number(done->revision);
  }

 private:
  knowledge_cache cache_;
};
// [/user code]

}  // namespace fleet
