// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "same_hash.hpp"

#include <strata/benchmarking/hot.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

// What a good programmer writes without Strata: a list in order of use, a flat map into it, one mutex, shared values.
namespace peers {

template <class Key, template <class, class, class> class Map>
class lru_mutex {
 public:
  static constexpr bool threads = true;

  explicit lru_mutex(std::size_t capacity) : capacity_{capacity} { at_.reserve(capacity + 1); }

  [[gnu::always_inline]] bool visit(Key const& key, std::uint64_t& sum) {
    std::lock_guard const held{lock_};
    auto const found = at_.find(key);
    if (found == at_.end()) return false;
    order_.splice(order_.begin(), order_, found->second);
    sum += found->second->second->words[0];
    return true;
  }
  [[gnu::always_inline]] bool get(Key const& key, std::uint64_t& sum) {
    value mine;
    {
      std::lock_guard const held{lock_};
      auto const found = at_.find(key);
      if (found == at_.end()) return false;
      order_.splice(order_.begin(), order_, found->second);
      mine = found->second->second;
    }
    sum += mine->words[0];
    return true;
  }
  void put(Key const& key, std::uint64_t, strata::benchmarking::payload const& p) {
    value mine = std::make_shared<strata::benchmarking::payload const>(p);
    std::lock_guard const held{lock_};
    if (auto const found = at_.find(key); found != at_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      found->second->second.swap(mine);
      return;
    }
    if (at_.size() == capacity_) {
      at_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(key, std::move(mine));
    at_.emplace(key, order_.begin());
  }

 private:
  using value = std::shared_ptr<strata::benchmarking::payload const>;
  using list = std::list<std::pair<Key, value>>;

  std::mutex lock_;
  list order_;
  Map<Key, typename list::iterator, same_hash<Key>> at_;
  std::size_t capacity_;
};

template <class Key, class Value, class Hash>
using boost_map = boost::unordered_flat_map<Key, Value, Hash>;
template <class Key>
using hand_lru_mutex = lru_mutex<Key, boost_map>;

}  // namespace peers
