// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/kernel/moment.hpp>
#include <strata/kernel/table.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

// One flight per key (K4): however many callers miss the same key, one looks below and the others take its answer.
// Errors are answers too, but nothing of a flight outlives it. Knows no thread: the caller guards it.
namespace strata::kernel {

/// One look for a key's value, whose answer all callers take that ask meanwhile.
template <class Key, class Answer, class Event>
struct flight {
  template <class View>
  flight(View const& of, moment overdue) : key(of), until{overdue} {}

  Key const key;
  moment const until;  // after this another caller may take over
  Event landed;
  std::optional<Answer> answer;  // set before `landed`; none when the leader gave up
  flight* waits_for = nullptr;   // the flight that this one's loader waits for
};

/// Whether waiting for `target` from inside the loader of `mine` would never end.
template <class Key, class Answer, class Event>
[[nodiscard]] bool closes_circle(flight<Key, Answer, Event> const& mine,
                                 flight<Key, Answer, Event> const* target) noexcept {
  for (; target != nullptr; target = target->waits_for)
    if (target == &mine) return true;
  return false;
}

/// The flights under way.
template <class Flight>
class flights {
 public:
  explicit flights(std::size_t most) : most_{most} {}

  /// The flight of that hash, if any.
  [[nodiscard]] std::shared_ptr<Flight> find(std::uint64_t hash) const {
    auto const* const at = under_way_.find(hash);
    return at ? *at : nullptr;
  }
  /// Registers a flight, in the place of an older one. False: too many are under way (K12).
  [[nodiscard]] bool start(std::uint64_t hash, std::shared_ptr<Flight> f) {
    if (under_way_.size() >= most_ && !under_way_.find(hash)) return false;
    *under_way_.try_emplace(hash).first = std::move(f);
    return true;
  }
  [[nodiscard]] bool leads(std::uint64_t hash, Flight const& f) const noexcept {
    auto const* const at = under_way_.find(hash);
    return at && at->get() == &f;
  }
  void end(std::uint64_t hash, Flight const& f) noexcept {
    if (leads(hash, f)) under_way_.erase(hash);
  }
  /// Whatever flight of that hash there is: who comes next leads one of its own. \returns whether there was one
  bool end(std::uint64_t hash) noexcept { return under_way_.erase(hash); }
  void end_all() noexcept { under_way_ = {}; }
  [[nodiscard]] std::size_t count() const noexcept { return under_way_.size(); }

 private:
  table<std::shared_ptr<Flight>> under_way_;
  std::size_t most_;
};

}  // namespace strata::kernel
