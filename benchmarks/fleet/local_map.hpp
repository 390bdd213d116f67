// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "asset.hpp"

namespace fleet {

// A map by hand in the memory of a process: bounded, least recently used first out, values shared and not copied, entries
// with an end. It never goes back to an older version of a key that it has; an entry without a value keeps a version that
// is known to exist, so that a load that began before cannot bring an older one.
// [user code]
class local_map {
 public:
  using clock = std::chrono::steady_clock;
  using value = std::shared_ptr<asset const>;

  explicit local_map(std::size_t capacity) : capacity_{capacity} {}

  /// \returns null where there is none
  value find(std::string const& id) {
    std::lock_guard const held{mutex_};
    auto const found = places_.find(id);
    if (found == places_.end() || found->second->ends < clock::now()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->kept;
  }
  void put(std::string const& id, std::int64_t version, value kept, clock::time_point ends) {
    std::lock_guard const held{mutex_};
    auto const [at, fresh] = places_.try_emplace(id);
    if (fresh)
      order_.push_front({.id = id});
    else if (at->second->version > version || (at->second->version == version && !kept))
      return;
    else
      order_.splice(order_.begin(), order_, at->second);
    at->second = order_.begin();
    order_.front().version = version;
    order_.front().kept.swap(kept);
    order_.front().ends = ends;
    if (order_.size() <= capacity_) return;
    places_.erase(order_.back().id);
    order_.pop_back();
  }
  void erase(std::string const& id) {
    std::lock_guard const held{mutex_};
    auto const found = places_.find(id);
    if (found == places_.end()) return;
    order_.erase(found->second);
    places_.erase(found);
  }
  void clear() {
    std::lock_guard const held{mutex_};
    places_.clear();
    order_.clear();
  }

 private:
  struct entry {
    std::string id;
    std::int64_t version = 0;
    value kept = nullptr;
    clock::time_point ends = {};
  };
  std::mutex mutex_;
  std::list<entry> order_;
  std::unordered_map<std::string, std::list<entry>::iterator> places_;
  std::size_t capacity_;
};
// [/user code]

}  // namespace fleet
