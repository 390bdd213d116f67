// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "database.hpp"
#include "local_map.hpp"
#include "setting.hpp"

namespace fleet {

// A map behind a mutex in front of PostgreSQL, one per process. Nobody tells it of other processes' writes, so an entry is
// kept for as long as it may be old: the bound of the benchmark unless told otherwise, counted from before it was loaded.
// [user code]
class mutex_map {
 public:
  explicit mutex_map(setting const& s) : database_{s.postgres}, map_{s.capacity}, expiry_{s.map_expiry} {}

  std::shared_ptr<asset const> get(std::string const& id) {
    if (auto kept = map_.find(id)) return kept;
    auto const ends = local_map::clock::now() + expiry_;
    auto found = database_.load(id);
    if (!found) return nullptr;
    auto loaded = std::make_shared<asset const>(*std::move(found));
    map_.put(id, loaded->version, loaded, ends);
    return loaded;
  }

  std::int64_t put(asset a) {
    auto const ends = local_map::clock::now() + expiry_;
    try {
      a.version = database_.save(a);
    } catch (...) {
      map_.erase(a.id);  // it may have happened
      throw;
    }
    auto const id = a.id;
    auto const version = a.version;
    map_.put(id, version, std::make_shared<asset const>(std::move(a)), ends);
    return version;
  }

 private:
  database database_;
  local_map map_;
  std::chrono::milliseconds expiry_;
};
// [/user code]

}  // namespace fleet
