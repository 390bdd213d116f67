// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "database.hpp"
#include "setting.hpp"

namespace fleet {

// PostgreSQL alone: never stale, and every read is a round trip.
// [user code]
class postgres_only {
 public:
  explicit postgres_only(setting const& s) : database_{s.postgres} {}

  std::shared_ptr<asset const> get(std::string const& id) {
    auto found = database_.load(id);
    return found ? std::make_shared<asset const>(*std::move(found)) : nullptr;
  }
  std::int64_t put(asset a) { return database_.save(std::move(a)); }

 private:
  database database_;
};
// [/user code]

}  // namespace fleet
