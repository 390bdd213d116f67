// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// What the reference models are made of: a list of keys, each in it at most once, from newest to oldest.
namespace hit_ratio {

using key = std::uint32_t;
inline constexpr key no_key = ~key{};

class order {
 public:
  explicit order(std::size_t keys) : newer_(keys + 1, no_key), older_(keys + 1, no_key), end_{static_cast<key>(keys)} {
    newer_[end_] = older_[end_] = end_;
  }

  [[nodiscard]] bool has(key k) const { return newer_[k] != no_key; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] key newest() const { return at(older_[end_]); }
  [[nodiscard]] key oldest() const { return at(newer_[end_]); }
  /// The next one towards the newest; no_key after the newest.
  [[nodiscard]] key after(key k) const { return at(newer_[k]); }

  void add_newest(key k) { insert(k, end_, older_[end_]); }
  void add_oldest(key k) { insert(k, newer_[end_], end_); }
  void remove(key k) {
    older_[newer_[k]] = older_[k];
    newer_[older_[k]] = newer_[k];
    newer_[k] = no_key;
    --size_;
  }
  void renew(key k) {
    remove(k);
    add_newest(k);
  }
  key take_oldest() {
    key const k = oldest();
    remove(k);
    return k;
  }

 private:
  [[nodiscard]] key at(key k) const { return k == end_ ? no_key : k; }
  void insert(key k, key newer, key older) {
    newer_[k] = newer;
    older_[k] = older;
    older_[newer] = k;
    newer_[older] = k;
    ++size_;
  }

  std::vector<key> newer_, older_;
  key end_;  // between the newest and the oldest
  std::size_t size_ = 0;
};

}  // namespace hit_ratio
