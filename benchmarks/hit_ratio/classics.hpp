// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "order.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <tuple>
#include <vector>

// Reference models of what others publish, as their papers tell them: made to be read, not to be fast. A model is made for
// a capacity and a number of keys; request(k) tells whether the key was there, and evicted() what last made room.
namespace hit_ratio {

class model {
 public:
  [[nodiscard]] key evicted() const { return evicted_; }

 protected:
  explicit model(std::size_t capacity) : capacity_{capacity} {}
  std::size_t capacity_;
  key evicted_ = no_key;
};

/// First in, first out. Belady 1966.
class fifo : public model {
 public:
  fifo(std::size_t capacity, std::size_t keys) : model{capacity}, all_{keys} {}
  bool request(key k) {
    if (all_.has(k)) return true;
    if (all_.size() == capacity_) evicted_ = all_.take_oldest();
    all_.add_newest(k);
    return false;
  }

 private:
  order all_;
};

/// Least recently used. Mattson, Gecsei, Slutz, Traiger 1970.
class lru : public model {
 public:
  lru(std::size_t capacity, std::size_t keys) : model{capacity}, all_{keys} {}
  bool request(key k) {
    if (all_.has(k)) return all_.renew(k), true;
    if (all_.size() == capacity_) evicted_ = all_.take_oldest();
    all_.add_newest(k);
    return false;
  }

 private:
  order all_;
};

/// FIFO with a second chance. Corbató 1968.
class clock : public model {
 public:
  clock(std::size_t capacity, std::size_t keys) : model{capacity}, all_{keys}, used_(keys) {}
  bool request(key k) {
    if (all_.has(k)) return used_[k] = true;
    if (all_.size() == capacity_) {
      for (; used_[all_.oldest()]; all_.renew(all_.oldest())) used_[all_.oldest()] = false;
      evicted_ = all_.take_oldest();
    }
    all_.add_newest(k);
    return used_[k] = false;
  }

 private:
  order all_;
  std::vector<bool> used_;
};

/// Segmented LRU, 80 % of it protected. Karedla, Love, Wherry 1994.
class slru : public model {
 public:
  slru(std::size_t capacity, std::size_t keys) : model{capacity}, probation_{keys}, protected_{keys} {}
  bool request(key k) {
    if (protected_.has(k)) return protected_.renew(k), true;
    bool const hit = probation_.has(k);
    if (hit) {
      probation_.remove(k);
      protected_.add_newest(k);
      if (protected_.size() > capacity_ * 8 / 10) probation_.add_newest(protected_.take_oldest());
      return true;
    }
    if (probation_.size() + protected_.size() == capacity_)
      evicted_ = probation_.empty() ? protected_.take_oldest() : probation_.take_oldest();
    probation_.add_newest(k);
    return false;
  }

 private:
  order probation_, protected_;
};

/// A FIFO of newcomers, an LRU of those that were asked for again after it. Johnson, Shasha 1994; shares 25 % and 50 %.
class two_queues : public model {
 public:
  two_queues(std::size_t capacity, std::size_t keys)
      : model{capacity},
        in_{keys},
        out_{keys},
        main_{keys},
        most_in_{std::max<std::size_t>(capacity / 4, 1)},
        most_out_{std::max<std::size_t>(capacity / 2, 1)} {}
  bool request(key k) {
    if (in_.has(k)) return true;
    if (main_.has(k)) return main_.renew(k), true;
    bool const known = out_.has(k);
    if (known) out_.remove(k);
    if (in_.size() + main_.size() == capacity_) {
      if (in_.size() > most_in_ || main_.empty()) {
        evicted_ = in_.take_oldest();
        out_.add_newest(evicted_);
        if (out_.size() > most_out_) out_.take_oldest();
      } else {
        evicted_ = main_.take_oldest();
      }
    }
    (known ? main_ : in_).add_newest(k);
    return false;
  }

 private:
  order in_, out_, main_;
  std::size_t most_in_, most_out_;
};

/// Recency and frequency, and ghosts of both that move the border between them. Megiddo, Modha 2003.
class arc : public model {
 public:
  arc(std::size_t capacity, std::size_t keys) : model{capacity}, t1_{keys}, t2_{keys}, b1_{keys}, b2_{keys} {}
  bool request(key k) {
    if (t2_.has(k)) return t2_.renew(k), true;
    if (t1_.has(k)) return t1_.remove(k), t2_.add_newest(k), true;
    if (b1_.has(k)) {
      share_ = std::min(static_cast<double>(capacity_), share_ + std::max(1.0, ratio(b2_, b1_)));
      replace(false);
      b1_.remove(k);
      t2_.add_newest(k);
    } else if (b2_.has(k)) {
      share_ = std::max(0.0, share_ - std::max(1.0, ratio(b1_, b2_)));
      replace(true);
      b2_.remove(k);
      t2_.add_newest(k);
    } else {
      if (t1_.size() + b1_.size() == capacity_) {
        if (t1_.size() < capacity_) {
          b1_.take_oldest();
          replace(false);
        } else {
          evicted_ = t1_.take_oldest();
        }
      } else if (t1_.size() + t2_.size() + b1_.size() + b2_.size() >= capacity_) {
        if (t1_.size() + t2_.size() + b1_.size() + b2_.size() == 2 * capacity_) b2_.take_oldest();
        replace(false);
      }
      t1_.add_newest(k);
    }
    return false;
  }

 private:
  static double ratio(order const& a, order const& b) {
    return static_cast<double>(a.size()) / static_cast<double>(b.size());
  }
  void replace(bool from_b2) {
    if (t1_.size() + t2_.size() < capacity_) return;
    auto const t1 = static_cast<double>(t1_.size());
    if (!t1_.empty() && (t1 > share_ || (from_b2 && t1 == share_) || t2_.empty()))
      b1_.add_newest(evicted_ = t1_.take_oldest());
    else
      b2_.add_newest(evicted_ = t2_.take_oldest());
  }

  order t1_, t2_, b1_, b2_;
  double share_ = 0;
};

/// By the distance between the last two uses: those with a short one stay, the others pass through 1 % of the room.
/// Jiang, Zhang 2002; ghosts at most twice the capacity.
class lirs : public model {
 public:
  lirs(std::size_t capacity, std::size_t keys)
      : model{capacity},
        stack_{keys},
        queue_{keys},
        ghosts_{keys},
        low_(keys),
        most_low_{capacity - std::max<std::size_t>(capacity / 100, 1)} {}
  bool request(key k) {
    if (low_[k]) {
      stack_.renew(k);
      prune();
      return true;
    }
    bool const hit = queue_.has(k);
    if (!hit && lows_ < most_low_) {  // the first ones
      if (stack_.has(k)) {
        ghosts_.remove(k);
        stack_.remove(k);
      }
      make_room();
      stack_.add_newest(k);
      low_[k] = true;
      ++lows_;
      return false;
    }
    if (!hit) make_room();
    bool const near = stack_.has(k);
    if (near) {
      if (hit)
        queue_.remove(k);
      else
        ghosts_.remove(k);
      stack_.renew(k);
      low_[k] = true;
      ++lows_;
      if (lows_ > most_low_) demote();
    } else {
      stack_.add_newest(k);
      if (hit)
        queue_.renew(k);
      else
        queue_.add_newest(k);
    }
    return hit;
  }

 private:
  void make_room() {
    if (lows_ + queue_.size() < capacity_) return;
    if (queue_.empty()) demote();
    evicted_ = queue_.take_oldest();
    if (!stack_.has(evicted_)) return;
    ghosts_.add_newest(evicted_);
    if (ghosts_.size() > 2 * capacity_) stack_.remove(ghosts_.take_oldest());
  }
  void demote() {
    key const k = stack_.take_oldest();  // after prune it is one of the low ones
    low_[k] = false;
    --lows_;
    queue_.add_newest(k);
    prune();
  }
  void prune() {
    while (!stack_.empty() && !low_[stack_.oldest()]) {
      key const k = stack_.take_oldest();
      if (ghosts_.has(k)) ghosts_.remove(k);
    }
  }

  order stack_, queue_, ghosts_;
  std::vector<bool> low_;
  std::size_t lows_ = 0;
  std::size_t most_low_;
};

/// Least frequently used; of equals the one that has been so for longer. Mattson, Gecsei, Slutz, Traiger 1970. `Ages`: on top
/// of what the last victim had (LFU-DA). Arlitt, Cherkasova, Dilley, Friedrich, Jin 2000.
template <bool Ages>
class lfu_model : public model {
 public:
  lfu_model(std::size_t capacity, std::size_t keys) : model{capacity}, rank_(keys), uses_(keys) {}
  bool request(key k) {
    bool const hit = uses_[k] != 0;
    if (hit) {
      all_.erase(rank_[k]);
    } else if (all_.size() == capacity_) {
      evicted_ = std::get<key>(*all_.begin());
      if (Ages) age_ = std::get<0>(*all_.begin());
      all_.erase(all_.begin());
      uses_[evicted_] = 0;
    }
    rank_[k] = {age_ + ++uses_[k], ++now_, k};
    all_.insert(rank_[k]);
    return hit;
  }

 private:
  using rank = std::tuple<std::uint64_t, std::uint64_t, key>;  // the last but one: when it got there
  std::vector<rank> rank_;
  std::vector<std::uint64_t> uses_;  // zero: not here
  std::set<rank> all_;
  std::uint64_t now_ = 0, age_ = 0;
};
using lfu = lfu_model<false>;
using lfu_da = lfu_model<true>;

}  // namespace hit_ratio
