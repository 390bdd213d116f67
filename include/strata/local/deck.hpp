// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/flow/loading.hpp>
#include <strata/flow/turn.hpp>
#include <strata/hit.hpp>
#include <strata/kernel/flight.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/key.hpp>
#include <strata/local/under_way.hpp>
#include <strata/run/threads.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

// The loaders under way: one for a key, however many callers. A write or an erase overtakes the flight of its key: who asks
// from then on loads anew, and what the flight brings is given to those who asked before, and not kept. Whoever never loads
// pays for it with one atomic operation on a count.
namespace strata::local {

template <class Key, class Value>
class deck : public flow::loaders<kernel::flight<Key, hit<Value>, threads::event>> {
 public:
  using moment = kernel::moment;
  using flight = kernel::flight<Key, hit<Value>, threads::event>;
  struct fill {
    std::uint64_t hash;
  };
  using turn = flow::turn<deck, flight, hit<Value>, fill>;
  friend turn;

  explicit deck(std::size_t most_flights)
      : stripes_{make(most_flights / stripes + (most_flights % stripes != 0), std::make_index_sequence<stripes>{})} {}

  /// Joins the key's flight unless that is overdue, or else leads one. Keys are compared and copied with nothing held, since
  /// both may be the user's code. \throws bad_alloc, what copying and comparing keys throws
  turn enter(hashed<Key> const& k, moment now, moment until) {
    auto& s = stripe_of(k.hash);
    for (;;) {
      std::shared_ptr<flight> other;
      {
        std::lock_guard const held{s.lock};
        other = s.flights.find(k.hash);
      }
      if (other != nullptr && !(other->key == k.key)) return {*this, {k.hash}, nullptr, false};
      if (other != nullptr && now < other->until) return {*this, {k.hash}, std::move(other), false};
      auto mine = std::make_shared<flight>(k.key, until);
      std::lock_guard const held{s.lock};
      if (s.flights.find(k.hash) != other) continue;
      bool const started = s.flights.start(k.hash, mine);
      s.count_anew();
      if (!started) return {*this, {k.hash}, nullptr, false};
      return {*this, {k.hash}, std::move(mine), true};
    }
  }

  /// Runs `install` if what that turn found may be kept: under the key's lock, so that whoever overtakes the flight comes
  /// before it or after.
  template <class Install>
  void admit(turn const& t, Install&& install) {
    auto& s = stripe_of(t.fill().hash);
    typename box<Value>::burial const values{};
    typename box<Key>::burial const keys{};
    std::lock_guard const held{s.lock};
    if (t.led() && s.flights.leads(t.fill().hash, *t.led())) install();
  }

  /// Whether a flight may be under way that a write of the key overtakes.
  [[nodiscard]] bool busy(std::uint64_t hash) noexcept { return stripe_of(hash).count.any(); }
  /// The key is written or erased from now on. Waits for who installs, and so must not be called from inside a visitor.
  void overtake(std::uint64_t hash) noexcept {
    auto& s = stripe_of(hash);
    std::lock_guard const held{s.lock};
    s.flights.end(hash);
    s.count_anew();
  }
  void overtake_all() noexcept {
    for (auto& s : stripes_) {
      std::lock_guard const held{s.lock};
      s.flights.end_all();
      s.count_anew();
    }
  }

 private:
  static constexpr std::size_t stripes = 16;

  struct alignas(64) stripe {
    explicit stripe(std::size_t most) : flights{most} {}
    void count_anew() noexcept { count.set(flights.count()); }

    std::mutex lock;
    under_way<> count;
    kernel::flights<flight> flights;
  };

  template <std::size_t... I>
  static std::array<stripe, stripes> make(std::size_t most, std::index_sequence<I...>) {
    return {((void)I, stripe{most})...};
  }
  stripe& stripe_of(std::uint64_t hash) noexcept { return stripes_[(hash >> 40U) % stripes]; }

  void end(turn& t, hit<Value> const* answer) noexcept {
    {
      auto& s = stripe_of(t.fill().hash);
      std::lock_guard const held{s.lock};
      if (answer != nullptr) t.shared()->answer = *answer;
      s.flights.end(t.fill().hash, *t.shared());
      s.count_anew();
    }
    t.shared()->landed.set();
  }

  std::array<stripe, stripes> stripes_;
};

}  // namespace strata::local
