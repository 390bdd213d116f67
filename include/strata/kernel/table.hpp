// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

// Values by keys that are hashes already. Open addressing with linear probing, at most three quarters full; an erase moves
// its followers up, so nothing is left behind in the places of what went. std::unordered_map was rejected: an allocation
// for each value, and five thousand lines for every program that includes a cache.
namespace strata::kernel {

/// Pointers to values hold until the next try_emplace or erase. T{} stands for no value and moves without throwing.
template <class T>
class table {
 public:
  [[nodiscard]] T* find(std::uint64_t key) noexcept {
    if (slots_.empty()) return nullptr;
    std::size_t const i = place_of(key);
    return slots_[i].used ? &slots_[i].value : nullptr;
  }
  [[nodiscard]] T const* find(std::uint64_t key) const noexcept { return const_cast<table*>(this)->find(key); }

  /// The key's value, and whether it is new. \throws bad_alloc, and then nothing has changed
  std::pair<T*, bool> try_emplace(std::uint64_t key) {
    if (T* const there = find(key)) return {there, false};
    if (4 * (size_ + 1) > 3 * slots_.size()) grow();
    slot& s = slots_[place_of(key)];
    s.key = key;
    s.used = true;
    ++size_;
    return {&s.value, true};
  }

  bool erase(std::uint64_t key) noexcept {
    if (slots_.empty()) return false;
    std::size_t hole = place_of(key);
    if (!slots_[hole].used) return false;
    [[maybe_unused]] T const gone =
        std::exchange(slots_[hole], slot{}).value;  // destroyed last: it may look back into the table
    for (std::size_t i = next(hole); slots_[i].used; i = next(i)) {
      std::size_t const home = slots_[i].key & mask();
      if (((i - home) & mask()) < ((i - hole) & mask())) continue;  // it stands between its home and the hole
      slots_[hole] = std::exchange(slots_[i], slot{});
      hole = i;
    }
    --size_;
    return true;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// f(value) for each, in no order.
  template <class F>
  void each(F&& f) {
    for (slot& s : slots_)
      if (s.used) f(s.value);
  }

 private:
  struct slot {
    std::uint64_t key = 0;
    T value{};
    bool used = false;
  };

  [[nodiscard]] std::size_t mask() const noexcept { return slots_.size() - 1; }
  [[nodiscard]] std::size_t next(std::size_t i) const noexcept { return (i + 1) & mask(); }
  // Where the key stands, or else would stand.
  [[nodiscard]] std::size_t place_of(std::uint64_t key) const noexcept {
    std::size_t i = key & mask();
    while (slots_[i].used && slots_[i].key != key) i = next(i);
    return i;
  }
  void grow() {
    std::vector<slot> larger(slots_.empty() ? 16 : 2 * slots_.size());
    larger.swap(slots_);
    for (slot& s : larger)
      if (s.used) slots_[place_of(s.key)] = std::move(s);
  }

  std::vector<slot> slots_;  // a power of two of them, or none
  std::size_t size_ = 0;
};

}  // namespace strata::kernel
