// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/eviction.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

// Entries that were taken out and that readers may still look at, in the order in which they went. Those at the front wait
// for the readers of one epoch; when these are gone, all that came meanwhile wait for the next. So writers look at the
// readers' lines once for many entries. A shard has places for more entries than it holds, so that some may lie here: only
// when all of these do, a writer has to wait. Those who look at one value for long leave at most one here each.
namespace strata::hot::engine {

class limbo {
 public:
  limbo() = default;
  /// For a shard of that many entries. Memory that is never used is never touched.
  explicit limbo(std::size_t entries)
      : all_{std::make_unique_for_overwrite<slot[]>(places(entries))}, entries_{entries}, due_{spare(entries) / 2} {}

  /// How many places such a shard has.
  [[nodiscard]] static constexpr std::size_t places(std::size_t entries) noexcept { return entries + spare(entries); }
  /// For how many entries it was made.
  [[nodiscard]] std::size_t entries() const noexcept { return entries_; }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void add(slot i) noexcept { all_[size_++] = i; }
  /// Whether enough are here to look whether some may go;
  [[nodiscard]] bool due() const noexcept { return size_ >= due_; }
  /// again after as many more.
  void put_off() noexcept { due_ = size_ + spare(entries_) / 4; }

  /// Whether there is an epoch that entries wait for, and which;
  [[nodiscard]] bool waits() const noexcept { return waiting_ != 0; }
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
  /// else all that are here wait for this one.
  void wait_for(std::uint64_t epoch) noexcept {
    waiting_ = size_;
    epoch_ = epoch;
  }
  /// It is past: each of those goes by ends(slot), but for those of which held(slot) says that somebody looks at them.
  template <class Held, class Ends>
  void pass(Held held, Ends ends) noexcept {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < waiting_; ++i) {
      slot const at = all_[i];
      if (held(at))
        all_[kept++] = at;
      else
        ends(at);
    }
    std::copy(all_.get() + waiting_, all_.get() + size_, all_.get() + kept);
    size_ -= waiting_ - kept;
    waiting_ = 0;
  }

 private:
  static constexpr std::size_t spare(std::size_t entries) noexcept { return std::max<std::size_t>(64, entries / 32); }

  std::unique_ptr<slot[]> all_;
  std::size_t entries_ = 0, size_ = 0, waiting_ = 0, due_ = 0;
  std::uint64_t epoch_ = 0;
};
/// Where nobody looks while a writer is there.
struct no_limbo {
  no_limbo() = default;
  explicit no_limbo(std::size_t) noexcept {}
  [[nodiscard]] static constexpr std::size_t places(std::size_t entries) noexcept { return entries; }
  [[nodiscard]] static constexpr std::size_t size() noexcept { return 0; }
};

}  // namespace strata::hot::engine
