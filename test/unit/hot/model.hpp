// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

// Slow and obvious: what LRU and SIEVE are, without an index and without links.
namespace model {

/// Keys from oldest to newest; a use moves its key to the end.
class lru {
 public:
  explicit lru(std::size_t capacity) : capacity_{capacity} {}

  bool has(std::uint64_t key) const { return std::ranges::find(queue_, key) != queue_.end(); }
  bool use(std::uint64_t key) {
    auto const at = std::ranges::find(queue_, key);
    if (at == queue_.end()) return false;
    std::rotate(at, at + 1, queue_.end());
    return true;
  }
  void put(std::uint64_t key) {
    if (use(key)) return;
    if (queue_.size() == capacity_) queue_.erase(queue_.begin());
    queue_.push_back(key);
  }
  bool erase(std::uint64_t key) { return std::erase(queue_, key) != 0; }
  std::vector<std::uint64_t> keys() const { return queue_; }

 private:
  std::size_t capacity_;
  std::vector<std::uint64_t> queue_;
};

/// Keys in order of arrival, each with a bit; the hand is a position in that order.
class sieve {
 public:
  explicit sieve(std::size_t capacity) : capacity_{capacity} {}

  bool has(std::uint64_t key) const { return std::ranges::find(queue_, key, &one::key) != queue_.end(); }
  bool use(std::uint64_t key) {
    auto const at = std::ranges::find(queue_, key, &one::key);
    if (at == queue_.end()) return false;
    at->used = true;
    return true;
  }
  void put(std::uint64_t key) {
    if (use(key)) return;
    if (queue_.size() == capacity_) {
      if (hand_ >= queue_.size()) hand_ = 0;
      while (queue_[hand_].used) {
        queue_[hand_].used = false;
        hand_ = (hand_ + 1) % queue_.size();
      }
      queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(hand_));  // the hand now points to the next newer one
      if (hand_ == queue_.size()) hand_ = 0;
    }
    queue_.push_back({key, false});
  }
  bool erase(std::uint64_t key) {
    auto const at = std::ranges::find(queue_, key, &one::key);
    if (at == queue_.end()) return false;
    if (static_cast<std::size_t>(at - queue_.begin()) < hand_) --hand_;
    queue_.erase(at);
    if (hand_ == queue_.size()) hand_ = 0;
    return true;
  }
  std::vector<std::uint64_t> keys() const {
    std::vector<std::uint64_t> all;
    for (auto const& o : queue_) all.push_back(o.key);
    return all;
  }

 private:
  struct one {
    std::uint64_t key;
    bool used;
  };
  std::size_t capacity_;
  std::vector<one> queue_;
  std::size_t hand_ = 0;
};

}  // namespace model
