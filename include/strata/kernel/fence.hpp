// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/kernel/fifo.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/kernel/table.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

// Floors (K4): below which revision no copy of a key may be served or kept. A fill registers before it looks below; the
// feed and local writes raise floors meanwhile; the fill's find is admitted only if nothing overtook it. Keys are 64-bit
// seeded hashes: two that share one only refuse each other's fills for a while.
// Bounded (K12): a floor that is forgotten refuses every fill that registered before it was raised last; later ones know it.
// Knows no thread and no clock: the caller guards it and tells the time.
namespace strata::kernel {

/// A look below, as registered.
struct fill {
  std::uint64_t key = 0;
  std::uint64_t ticket = 0;
  std::uint64_t epoch = 0;
  revision floor{};       ///< when it registered
  bool doubtful = false;  ///< the outcome of a write is unknown: only cold can tell
};

/// A template, so that a program which only includes a cache compiles none of it.
template <class Moment = moment>
class fence {
 public:
  static constexpr std::chrono::seconds keep{30};  // longer than any read may last

  explicit fence(std::size_t max_floors) : max_floors_{max_floors} {}

  [[nodiscard]] fill begin(std::uint64_t key) noexcept {
    auto const* const known = floors_.find(key);
    return {key, ++ticket_, epoch_, known ? known->floor : revision{}, known && known->doubtful};
  }

  [[nodiscard]] revision floor(std::uint64_t key) const noexcept {
    auto const* const known = floors_.find(key);
    return known ? known->floor : revision{};
  }
  [[nodiscard]] bool doubtful(std::uint64_t key) const noexcept {
    auto const* const known = floors_.find(key);
    return known && known->doubtful;
  }

  /// Whether a copy of that revision, found by that fill, may be kept.
  [[nodiscard]] bool admits(fill const& f, revision found) const noexcept {
    if (f.epoch != epoch_ || f.ticket <= forgotten_ || found < f.floor) return false;
    auto const* const known = floors_.find(f.key);
    return !known || (found >= known->floor && f.ticket > known->doubted);
  }

  /// Whether nothing is known of the key that this fill could have missed: others may then share what it finds.
  [[nodiscard]] bool current(fill const& f) const noexcept {
    if (f.epoch != epoch_ || f.ticket <= forgotten_) return false;
    auto const* const known = floors_.find(f.key);
    return !known || (known->floor <= f.floor && f.ticket > known->doubted);
  }

  /// Nothing older than this revision may be served from now on. \throws bad_alloc, and then everything is refused
  void raise(std::uint64_t key, revision r, Moment now) {
    auto& entry = touch(key, now);
    if (r > entry.floor) entry.floor = r;
  }
  /// Somebody may have written the key: until cold has answered, nothing else may.
  void doubt(std::uint64_t key, Moment now) {
    auto& entry = touch(key, now);
    entry.doubtful = true;
    entry.doubted = ++ticket_;
  }
  /// Cold has answered a fill that registered after the doubt.
  void settle(fill const& f) noexcept {
    auto* const known = floors_.find(f.key);
    if (known && f.ticket > known->doubted) known->doubtful = false;
  }

  /// Revisions begin anew: what was known of the old ones says nothing, and no fill under way is admitted.
  void begin_anew() noexcept {
    floors_ = {};
    order_ = {};
    forgotten_ = ++ticket_;
  }
  /// Anything may have happened unseen (K10): no fill under way is admitted.
  void raise_epoch() noexcept { ++epoch_; }
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
  [[nodiscard]] std::size_t floors() const noexcept { return floors_.size(); }

 private:
  struct record {
    revision floor{};
    std::uint64_t told = 0;     // ticket of the last fill that may not know of it
    std::uint64_t doubted = 0;  // ticket of the last doubt
    Moment raised{};
    bool doubtful = false;
  };
  struct mark {
    std::uint64_t key = 0;
    Moment raised{};
  };

  record& touch(std::uint64_t key, Moment now) {
    forget(now);
    auto [at, fresh] = floors_.try_emplace(key);
    if (fresh) try {
        order_.push_back({key, now});
      } catch (...) {
        floors_.erase(key);
        forgotten_ = ++ticket_;
        raise_epoch();
        throw;
      }
    at->raised = now;
    at->told = ticket_;
    return *at;
  }

  // Drops floors older than `keep`, and the oldest ones when there are too many. A floor raised again since it was
  // queued goes to the back once more, so each call does a bounded amount of work.
  void forget(Moment now) noexcept {
    for (int step = 0; step < 4 && !order_.empty(); ++step) {
      mark const oldest = order_.front();
      bool const full = floors_.size() >= max_floors_;
      if (!full && now - oldest.raised < keep) return;
      auto const* const found = floors_.find(oldest.key);
      order_.pop_front();
      if (!found) continue;
      if (found->raised != oldest.raised && !full) {
        order_.push_back({oldest.key, found->raised});
        continue;
      }
      if (found->told > forgotten_) forgotten_ = found->told;
      floors_.erase(oldest.key);
    }
  }

  table<record> floors_;
  fifo<mark> order_;
  std::size_t max_floors_;
  std::uint64_t ticket_ = 0;
  std::uint64_t forgotten_ = 0;
  std::uint64_t epoch_ = 0;
};

}  // namespace strata::kernel
