// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/deferred.hpp>
#include <strata/flow/loading.hpp>
#include <strata/flow/turn.hpp>
#include <strata/hit.hpp>
#include <strata/kernel/fence.hpp>
#include <strata/kernel/flight.hpp>
#include <strata/run/mutex.hpp>
#include <strata/stats.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

// Where reads that go below and writes meet: floors and flights under one lock per stripe. A change of hot that depends
// on a floor happens under the same lock, so that no older copy slips in between the check and the install (K4).
// Values and keys that leave hot meanwhile are destroyed after the lock, and what an install needs of the user's code has
// run before it (K12). A hot hit never comes here.
namespace strata::flow {

/// A flight that goes below memory.
template <class Value, class Event>
struct look : kernel::flight<std::string, hit<Value>, Event> {
  look(std::string_view of, kernel::fill registered, kernel::moment now, kernel::moment overdue, bool runs_loader)
      : kernel::flight<std::string, hit<Value>, Event>{of, overdue},
        fill{registered},
        began{now},
        loading{runs_loader} {}

  kernel::fill const fill;
  kernel::moment const began;
  bool const loading;  // the leader may run the user's loader
};

template <class Key, class Value, class Event>
class gate : public loaders<look<Value, Event>> {
 public:
  using moment = kernel::moment;
  using flight = look<Value, Event>;
  using turn = flow::turn<gate, flight, hit<Value>, kernel::fill>;
  friend turn;

  gate(std::size_t max_floors, std::size_t max_flights)
      : stripes_{make(share(max_floors), share(max_flights), std::make_index_sequence<stripes>{})} {}

  /// K4: registers a look below before its first read there. Joins the key's flight if that one began late enough to
  /// have seen all that this caller may know of, and its leader has no more time than this caller: one that hangs would
  /// cost the caller its answer (P8). Otherwise leads one of its own. A loader is waited for, so that it runs once.
  /// \param loading  the caller would run a loader, and so may not share the answer of one who would not
  turn enter(std::uint64_t hash, std::string_view key, moment now, moment until, bool loading) {
    auto& s = stripe_of(hash);
    auto const held = s.lock.hold();
    auto const fill = s.fence.begin(hash);
    auto const other = s.flights.find(hash);
    if (other != nullptr) {
      if (other->key != key || (other->loading && !loading)) return {*this, fill, nullptr, false};
      bool const in_time = other->until <= until || other->loading;
      if (now < other->until && s.fence.current(other->fill) && in_time) return {*this, fill, other, false};
    }
    auto mine = std::make_shared<flight>(key, fill, now, until, loading);
    if (!s.flights.start(hash, mine)) return {*this, fill, nullptr, false};
    return {*this, fill, std::move(mine), true};
  }

  /// Registers a look below that shares nothing.
  turn enter_alone(std::uint64_t hash) {
    auto& s = stripe_of(hash);
    auto const held = s.lock.hold();
    return {*this, s.fence.begin(hash), nullptr, false};
  }

  /// Runs `install` if a copy of that revision, found in that turn, may be kept; raises the floor to it first.
  template <class Install>
  bool admit(turn const& t, revision found, moment now, Install&& install) {
    auto& s = stripe_of(t.fill().key);
    burials const later;
    auto const held = s.lock.hold();
    if (t.led() && !s.flights.leads(t.fill().key, *t.led())) return false;  // overdue and replaced
    if (!s.fence.admits(t.fill(), found)) return false;
    s.fence.raise(t.fill().key, found, now);
    install();
    return true;
  }

  /// A revision is known to exist: nothing older may be served. `drop` takes older entries out of hot.
  template <class Drop>
  void overtake(std::uint64_t hash, revision r, moment now, Drop&& drop) noexcept {
    auto& s = stripe_of(hash);
    burials const later;
    auto const held = s.lock.hold();
    try {
      s.fence.raise(hash, r, now);
    } catch (std::bad_alloc const&) {
      s.fence.raise_epoch();  // no memory to remember it: refuse every fill that may not have seen it
    }
    drop();
  }

  /// After its own write, which registered before it went to the truth: installs unless something newer is known, or may
  /// have been missed meanwhile.
  template <class Install>
  bool settle(turn const& t, revision r, Install&& install) {
    auto& s = stripe_of(t.fill().key);
    burials const later;
    auto const held = s.lock.hold();
    if (s.fence.doubtful(t.fill().key) || !s.fence.admits(t.fill(), r)) return false;
    install();
    return true;
  }

  /// A write's outcome is unknown, or somebody changed the key in a way that carries no revision.
  template <class Drop>
  void doubt(std::uint64_t hash, moment now, Drop&& drop) noexcept {
    auto& s = stripe_of(hash);
    burials const later;
    auto const held = s.lock.hold();
    try {
      s.fence.doubt(hash, now);
    } catch (std::bad_alloc const&) {
      s.fence.raise_epoch();
    }
    drop();
  }

  /// Anything may have changed: refuses every fill under way. `drop` empties hot.
  template <class Drop>
  void doubt_all(Drop&& drop) noexcept {
    burials const later;
    for (auto& s : stripes_) {
      auto const held = s.lock.hold();
      s.fence.raise_epoch();
    }
    drop();
  }

  /// Revisions begin anew: no floor holds any more.
  void begin_anew() noexcept {
    for (auto& s : stripes_) {
      auto const held = s.lock.hold();
      s.fence.begin_anew();
    }
  }

  /// Cold has answered: a doubt older than this turn is over.
  void resolve(turn const& t) noexcept {
    auto& s = stripe_of(t.fill().key);
    auto const held = s.lock.hold();
    s.fence.settle(t.fill());
  }

  /// How much is remembered here at this moment.
  [[nodiscard]] auto now() const {
    decltype(strata::stats::now) all{};
    for (auto const& s : stripes_) {
      auto const held = s.lock.hold();
      all.flights += s.flights.count();
      all.floors += s.fence.floors();
    }
    return all;
  }

  [[nodiscard]] revision floor(std::uint64_t hash) {
    auto& s = stripe_of(hash);
    auto const held = s.lock.hold();
    return s.fence.floor(hash);
  }

  /// Runs f under the key's lock: for writes whose truth is hot itself.
  template <class F>
  auto alone(std::uint64_t hash, F&& f) {
    auto& s = stripe_of(hash);
    burials const later;
    auto const held = s.lock.hold();
    return std::forward<F>(f)();
  }

 private:
  static constexpr std::size_t stripes = 16;

  struct burials {
    typename box<Value>::burial values{};
    typename box<Key>::burial keys{};
  };

  struct stripe {
    stripe(std::size_t max_floors, std::size_t max_flights) : fence{max_floors}, flights{max_flights} {}
    mutable strata::detail::mutex lock;
    deferred<kernel::fence<>, Key> fence;
    kernel::flights<flight> flights;
  };

  static constexpr std::size_t share(std::size_t of_all) noexcept {
    return of_all / stripes + (of_all % stripes != 0 ? 1 : 0);
  }
  template <std::size_t... I>
  static std::array<stripe, stripes> make(std::size_t floors, std::size_t under_way, std::index_sequence<I...>) {
    return {((void)I, stripe{floors, under_way})...};
  }

  stripe& stripe_of(std::uint64_t hash) noexcept { return stripes_[(hash >> 40U) % stripes]; }

  void end(turn& t, hit<Value> const* answer) noexcept {
    {
      auto& s = stripe_of(t.fill().key);
      auto const held = s.lock.hold();
      s.flights.end(t.fill().key, *t.shared());
      if (t.shared().use_count() == 1) return;  // nobody followed, and nobody will
      if (answer != nullptr) t.shared()->answer = *answer;
    }
    t.shared()->landed.set();
  }

  std::array<stripe, stripes> stripes_;
};

}  // namespace strata::flow
