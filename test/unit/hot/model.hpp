// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

// Slow and obvious: what LRU, exact and by generations, and SIEVE are, without an index and without links.
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

/// Keys from the oldest generation to the newest, in order of arrival there. A use is written to its key; a key whose turn
/// to go comes moves on to the generation of its last use.
class generational_lru {
 public:
  explicit generational_lru(std::size_t capacity) : capacity_{capacity} {}

  bool has(std::uint64_t key) const { return std::ranges::find(queue_, key, &one::key) != queue_.end(); }
  bool use(std::uint64_t key) {
    auto const at = std::ranges::find(queue_, key, &one::key);
    if (at == queue_.end()) return false;
    at->used = now_;
    return true;
  }
  void put(std::uint64_t key) {
    if (use(key)) return;
    if (queue_.size() == capacity_) {
      while (queue_.front().used != queue_.front().where) {
        one moves = queue_.front();
        moves.where = moves.used;
        queue_.erase(queue_.begin());
        queue_.insert(std::ranges::upper_bound(queue_, moves.where, {}, &one::where), moves);
      }
      queue_.erase(queue_.begin());
    }
    // 64 generations are told apart: where keys were erased, some may be older than a capacity of newcomers.
    if (++arrivals_ >= (capacity_ + 61) / 62 && (queue_.empty() || queue_.front().where + 63 != now_)) {
      arrivals_ = 0;
      ++now_;
    }
    queue_.push_back({key, now_, now_});
  }
  bool erase(std::uint64_t key) {
    auto const at = std::ranges::find(queue_, key, &one::key);
    if (at == queue_.end()) return false;
    queue_.erase(at);
    return true;
  }
  std::vector<std::uint64_t> keys() const {
    std::vector<std::uint64_t> all;
    for (auto const& o : queue_) all.push_back(o.key);
    return all;
  }

 private:
  struct one {
    std::uint64_t key, used, where;
  };
  std::size_t capacity_, arrivals_ = 0;
  std::uint64_t now_ = 0;
  std::vector<one> queue_;
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

/// Keys with what they are worth, in a list that is looked through for the least.
class gdsf {
 public:
  gdsf(std::size_t capacity, std::uint64_t capacity_bytes, double each, double per_byte)
      : capacity_{capacity}, capacity_bytes_{capacity_bytes}, each_{each}, per_byte_{per_byte} {}

  bool has(std::uint64_t key) const { return std::ranges::find(all_, key, &one::key) != all_.end(); }
  bool use(std::uint64_t key) {
    auto const at = std::ranges::find(all_, key, &one::key);
    if (at == all_.end()) return false;
    ++at->uses;
    set_worth(*at);
    return true;
  }
  void put(std::uint64_t key, std::uint64_t bytes) {
    if (auto const at = std::ranges::find(all_, key, &one::key); at != all_.end()) {
      if (held() - at->bytes + bytes <= capacity_bytes_) {
        at->bytes = bytes;
        use(key);
        return;
      }
      all_.erase(at);  // what outgrew its place comes as a new one
    }
    if (bytes > capacity_bytes_) return;
    while (all_.size() == capacity_ || held() + bytes > capacity_bytes_) {
      auto const least = std::ranges::min_element(
          all_, [](one const& a, one const& b) { return a.worth != b.worth ? a.worth < b.worth : a.since < b.since; });
      age_ = least->worth;
      all_.erase(least);
    }
    all_.push_back({.key = key, .bytes = bytes});
    set_worth(all_.back());
  }
  std::uint64_t held() const {
    std::uint64_t sum = 0;
    for (auto const& o : all_) sum += o.bytes;
    return sum;
  }

 private:
  struct one {
    std::uint64_t key, bytes, uses = 1, since = 0;
    double worth = 0;
  };
  void set_worth(one& o) {
    auto const bytes = static_cast<double>(o.bytes);
    o.worth = age_ + static_cast<double>(o.uses) * (each_ + per_byte_ * bytes) / bytes;
    o.since = ++now_;
  }

  std::size_t capacity_;
  std::uint64_t capacity_bytes_, now_ = 0;
  double each_, per_byte_, age_ = 0;
  std::vector<one> all_;
};

}  // namespace model
