// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/testing/simulation/mishaps.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

// What an explorer knows two states by, so that it plays what follows from them once.
namespace strata::testing {

template <class Cache>
class likeness : public mishaps<Cache> {
  using base = mishaps<Cache>;

 public:
  using base::history, base::stage;

 protected:
  using base::all_, base::callers_, base::instance_of, base::instances_, base::strands_;
  using typename base::core_type;

  // Two digests are equal for two states from which the same can follow. What the flows of an instance share is the key's
  // floor, doubt and entry in hot, its breakers, and its flights, which reads alone touch, when they begin, wake and land.
  // A write goes by its answers and by the doubts since it began. A read also goes by all that is shared when it begins or
  // wakes, and by the order in which reads begin, wake and land. Once a breaker has opened everything counts.
  [[nodiscard]] std::uint64_t face(std::size_t i) noexcept {
    auto& one = instances_[i];
    auto& core = access::core(*one.cache);
    auto const k = core.hash(key_names[stage.plan.key()]);
    auto const kept = core.held(k);
    std::uint64_t all = detail::digest_of(strata::number(core.gate.floor(k.hash)), strata::number(kept.revision()));
    if constexpr (core_type::expires) all = detail::digest_of(all, since(kept.ends()));
    for (auto const n : one.failures) all = all * 4 + n;
    all = detail::digest_of(all, one.doubts * 2U + core.gate.enter_alone(k.hash).fill().doubtful);
    if constexpr (core_type::leased) {
      all = detail::digest_of(all, certainty(i));
      all = detail::digest_of(all, since(core.standing.proven()));
    }
    return all;
  }
  /// Where somebody proves how fresh memory is: what is doubted, and what is known of the feed and of the horizon.
  [[nodiscard]] std::uint64_t certainty(std::size_t i) noexcept {
    auto const& core = access::core(*instances_[i].cache);
    auto const& s = core.standing;
    std::uint64_t all = detail::digest_of(since(s.since()), s.losses() * 4 + s.hears() * 2U + s.apart());
    all = detail::digest_of(all, detail::digest_of(since(s.horizon()), s.highest_era()));
    all = detail::digest_of(all, core.counters.doubts.load(std::memory_order_relaxed));
    return detail::digest_of(detail::digest_of(all, s.doubted()), instances_[i].strays.size());
  }
  /// Of that what a step goes by: no call asks how far the feed has come, and who keeps warm in step looks into memory only
  /// to compare it.
  [[nodiscard]] std::uint64_t grounds(std::size_t s) noexcept {
    auto const i = instance_of(s);
    auto const& core = access::core(*instances_[i].cache);
    std::uint64_t const all = certainty(i);
    switch (verb_of(s)) {
      case verb::tend: return core.standing.doubted() == 0 ? all : detail::digest_of(all, face(i));
      case verb::watch: return detail::digest_of(all, instances_[i].feed.heard * 2 + instances_[i].feed.connected);
      default: return writing(s) ? all : detail::digest_of(all, since(core.standing.proven()));
    }
  }
  [[nodiscard]] static std::uint64_t since(moment t) noexcept {
    return static_cast<std::uint64_t>(t.time_since_epoch().count());
  }
  /// Before a step of a flow. \returns whether its place among those of its instance matters, if it is no mere passage
  bool remember(std::size_t s) noexcept {
    auto& c = callers_[s];
    auto& home = instances_[instance_of(s)];
    auto const answer = std::exchange(stage.answered[s], {});
    bool const begins = answer.digest == 0;
    bool const writes = writing(s);
    c.past = detail::digest_of(detail::digest_of(c.past, answer.digest), since(stage.time.now));
    if (begins) {
      c.past = detail::digest_of(c.past, writes ? home.doubts : face(instance_of(s)));
    } else {
      auto& row = home.failures[static_cast<std::size_t>(answer.kind)];
      bool const failed = answer.failed == errc::unavailable || answer.failed == errc::timed_out;
      row = static_cast<std::uint8_t>(failed ? row + 1 : 0);
      home.resting = home.resting || row >= kernel::breaker<>::tolerated;
      home.doubts = static_cast<std::uint8_t>(home.doubts +
                                              (answer.failed == errc::unknown && answer.kind == call_kind::cold_write));
    }
    if (home.resting) c.past = detail::digest_of(c.past, face(instance_of(s)));
    if constexpr (core_type::leased) c.past = detail::digest_of(c.past, grounds(s));
    if (!housekeeping(verb_of(s))) return home.resting || !writes;
    home.kept = detail::digest_of(home.kept, detail::digest_of(s, c.past));
    return home.resting;
  }
  /// Beside the callers only reads go on.
  [[nodiscard]] verb verb_of(std::size_t s) const noexcept {
    if (s >= strands_) return verb::get;
    auto const& c = callers_[s];
    return stage.plan.steps[c.steps[c.calling ? c.next - 1U : c.next]].what;
  }
  [[nodiscard]] bool writing(std::size_t s) const noexcept {
    auto const what = verb_of(s);
    return what == verb::put || what == verb::put_if || what == verb::erase;
  }
  /// Of callers of one instance that are to do the same, the first begins first.
  [[nodiscard]] bool has_twin_before(std::size_t s) const noexcept {
    for (std::size_t t = s - s % stage.plan.callers; t < s; ++t)
      if (!callers_[t].calling && callers_[t].next < callers_[t].count && to_do_alike(t, s)) return true;
    return false;
  }
  /// Whether two callers have the same yet to begin.
  [[nodiscard]] bool to_do_alike(std::size_t s, std::size_t t) const noexcept {
    auto const &one = callers_[s], &other = callers_[t];
    if (one.count - one.next != other.count - other.next) return false;
    for (std::size_t i = one.next, j = other.next; i < one.count; ++i, ++j) {
      auto const &a = stage.plan.steps[one.steps[i]], &b = stage.plan.steps[other.steps[j]];
      if (a.what != b.what || a.param != b.param || a.verified != b.verified || a.life != b.life || a.soft != b.soft)
        return false;
    }
    return true;
  }
  /// A change that an instance knows already changes nothing, now or later: it need not be told at all times.
  void skip_echoes() noexcept {
    for (std::size_t i = 0; i < stage.plan.instances; ++i) {
      auto& one = instances_[i];
      auto const& all = stage.world.feed;
      if (one.feed.heard >= all.size()) continue;
      auto& core = access::core(*one.cache);
      auto const k = core.hash(key_names[stage.plan.key()]);
      for (; one.feed.heard < all.size(); ++one.feed.heard) {
        revision const r = all[one.feed.heard].revision;
        auto const kept = core.peek(k);
        if (r == revision{} || core.gate.floor(k.hash) < r || (kept && kept.revision() < r)) break;
      }
    }
  }

  [[nodiscard]] std::uint64_t fingerprint() noexcept {
    using detail::digest_of;
    std::uint64_t all = digest_of(stage.faults_left, nature_next_);
    for (std::size_t i = 0; i < stage.plan.instances; ++i) {
      all = digest_of(all, instances_[i].past * 2 + instances_[i].resting);
      all = digest_of(all, instances_[i].kept);
      all = digest_of(all, face(i));
      all = digest_of(all, instances_[i].feed.heard);
    }
    for (std::size_t s = 0; s < all_; ++s) {
      auto const& t = stage.time.strands[s];
      std::uint64_t const wake =
          scheduler::timed(t) ? static_cast<std::uint64_t>((t.wake - stage.time.now).count()) : 0;
      all = digest_of(
          all, digest_of(wake, static_cast<std::uint64_t>(t.is) * 4 + (t.asked != nullptr) * 2U + callers_[s].calling));
      all = digest_of(all, digest_of(stage.answered[s].digest, stage.parts[s].calls));
      all = digest_of(all, callers_[s].past);
      all = digest_of(all, callers_[s].next);
    }
    all = digest_of(all, static_cast<std::uint64_t>(stage.time.now.time_since_epoch().count()));
    for (auto const& c : stage.world.commits[stage.plan.key()])
      all = digest_of(all, strata::number(c.revision) << 16U | c.by);
    auto const& subject = stage.world.subjects[stage.plan.key()];
    all = digest_of(all, subject.kept);
    for (auto const& m : subject.messages)
      all = digest_of(digest_of(all, m.frame.sum.value_or(0)),
                      static_cast<std::uint64_t>(m.position) << 4U | static_cast<std::uint64_t>(m.frame.operation));
    for (auto const& g : stage.world.ghosts)
      all = digest_of(all, static_cast<std::uint64_t>(g.at.time_since_epoch().count()));
    for (std::size_t i = 0; i < stage.plan.instances; ++i)
      all = digest_of(all, stage.cold_failed[i] * 4U + stage.paused[i] * 2U + stage.lagging[i][stage.plan.key()]);
    if constexpr (core_type::leased) all = digest_of(all, of_the_log());
    all = digest_of(all, history.digest());
    return all;
  }
  /// What stands in cold beside the rows, and in warm beside the key's own messages.
  [[nodiscard]] std::uint64_t of_the_log() const noexcept {
    using detail::digest_of;
    auto const& w = stage.world;
    std::uint64_t all = digest_of(digest_of(w.horizon), since(w.held_until));
    for (auto const& one : w.log) all = digest_of(all, strata::number(one.revision) * 2 + one.open);
    for (auto const& c : w.commits[stage.plan.key()]) all = digest_of(all, since(c.when));
    for (auto const& n : w.feed)
      all = digest_of(digest_of(all, static_cast<std::uint64_t>(n.position) * most_subjects + n.key),
                      strata::number(n.revision));
    all = digest_of(all, digest_of(w.log_ages, w.log_begins));
    all = digest_of(all, strata::number(w.told[stage.plan.key()]) * 8 + w.fell_back * 4U + w.left_as_it_was * 2U +
                             w.unsettled[stage.plan.key()]);
    for (auto const until : stage.unaware_until) all = digest_of(all, since(until));
    return all;
  }

  std::size_t nature_next_ = 0;  ///< of what befalls the company, the next
};

}  // namespace strata::testing
