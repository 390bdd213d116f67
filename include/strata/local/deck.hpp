// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/flow/loading.hpp>
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

  /// One caller's part: it leads a flight, follows one, or goes alone.
  class turn {
   public:
    turn(turn&& other) noexcept
        : deck_{other.deck_},
          hash_{other.hash_},
          flight_{std::move(other.flight_)},
          leads_{std::exchange(other.leads_, false)} {}
    turn& operator=(turn&&) = delete;
    ~turn() {
      if (leads_) deck_->end(*this, nullptr);
    }

    [[nodiscard]] bool follows() const noexcept { return flight_ != nullptr && !leads_; }
    [[nodiscard]] std::shared_ptr<flight> const& shared() const noexcept { return flight_; }
    [[nodiscard]] flight* led() const noexcept { return leads_ ? flight_.get() : nullptr; }

    /// The leader's answer to everybody who followed.
    void land(hit<Value> const& answer) noexcept {
      if (std::exchange(leads_, false)) deck_->end(*this, &answer);
    }

   private:
    friend class deck;
    turn(deck& d, std::uint64_t hash, std::shared_ptr<flight> f, bool leads) noexcept
        : deck_{&d}, hash_{hash}, flight_{std::move(f)}, leads_{leads} {}

    deck* deck_;
    std::uint64_t hash_;
    std::shared_ptr<flight> flight_;
    bool leads_;
  };

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
      if (other != nullptr && !(other->key == k.key)) return {*this, k.hash, nullptr, false};
      if (other != nullptr && now < other->until) return {*this, k.hash, std::move(other), false};
      auto mine = std::make_shared<flight>(k.key, until);
      std::lock_guard const held{s.lock};
      if (s.flights.find(k.hash) != other) continue;
      bool const started = s.flights.start(k.hash, mine);
      s.count_anew();
      if (!started) return {*this, k.hash, nullptr, false};
      return {*this, k.hash, std::move(mine), true};
    }
  }

  /// Runs `install` if what that turn found may be kept: under the key's lock, so that whoever overtakes the flight comes
  /// before it or after.
  template <class Install>
  void admit(turn const& t, Install&& install) {
    auto& s = stripe_of(t.hash_);
    typename box<Value>::burial const values{};
    typename box<Key>::burial const keys{};
    std::lock_guard const held{s.lock};
    if (t.leads_ && s.flights.leads(t.hash_, *t.flight_)) install();
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
      auto& s = stripe_of(t.hash_);
      std::lock_guard const held{s.lock};
      if (answer != nullptr) t.flight_->answer = *answer;
      s.flights.end(t.hash_, *t.flight_);
      s.count_anew();
    }
    t.flight_->landed.set();
  }

  std::array<stripe, stripes> stripes_;
};

}  // namespace strata::local
