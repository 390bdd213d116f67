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
  using base::callers_, base::instance_of, base::instances_, base::strands_;

  // Two digests are equal for two states from which the same can follow. What the flows of an instance share is the key's
  // floor, doubt and entry in hot, its breakers, and its flights, which reads alone touch, when they begin, wake and land.
  // A write goes by its answers and by the doubts since it began. A read also goes by all that is shared when it begins or
  // wakes, and by the order in which reads begin, wake and land. Once a breaker has opened everything counts.
  [[nodiscard]] std::uint64_t face(std::size_t i) noexcept {
    auto& one = instances_[i];
    auto& core = access::core(*one.cache);
    auto const k = core.hash(key_names[0]);
    std::uint64_t all =
        detail::digest_of(strata::number(core.gate.floor(k.hash)), strata::number(core.peek(k).revision()));
    for (auto const n : one.failures) all = all * 4 + n;
    return detail::digest_of(all, one.doubts * 2U + core.gate.enter_alone(k.hash).fill().doubtful);
  }
  /// Before a step of a flow. \returns whether its place among those of its instance matters, if it is no mere passage
  bool remember(std::size_t s) noexcept {
    auto& c = callers_[s];
    auto& home = instances_[instance_of(s)];
    auto const answer = std::exchange(stage.answered[s], {});
    bool const begins = answer.digest == 0;
    bool const writes = writing(s);
    c.past = detail::digest_of(c.past, answer.digest);
    if (begins) {
      c.past = detail::digest_of(c.past, static_cast<std::uint64_t>(stage.time.now.time_since_epoch().count()));
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
    return home.resting || !writes;
  }
  [[nodiscard]] verb verb_of(std::size_t s) const noexcept {
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
      if (!callers_[t].calling && callers_[t].next < callers_[t].count && verb_of(t) == verb_of(s)) return true;
    return false;
  }
  /// A change that an instance knows already changes nothing, now or later: it need not be told at all times.
  void skip_echoes() noexcept {
    for (std::size_t i = 0; i < stage.plan.instances; ++i) {
      auto& one = instances_[i];
      auto& core = access::core(*one.cache);
      auto const k = core.hash(key_names[0]);
      auto const& all = stage.world.feed;
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
      all = digest_of(all, face(i));
      all = digest_of(all, instances_[i].feed.heard);
    }
    for (std::size_t s = 0; s < strands_; ++s) {
      auto const& t = stage.time.strands[s];
      std::uint64_t const wake =
          scheduler::timed(t) ? static_cast<std::uint64_t>((t.wake - stage.time.now).count()) : 0;
      all = digest_of(
          all, digest_of(wake, static_cast<std::uint64_t>(t.is) * 4 + (t.asked != nullptr) * 2U + callers_[s].calling));
      all = digest_of(all, digest_of(stage.answered[s].digest, stage.parts[s].calls));
      all = digest_of(all, callers_[s].past);
    }
    all = digest_of(all, static_cast<std::uint64_t>(stage.time.now.time_since_epoch().count()));
    for (auto const& c : stage.world.commits[0]) all = digest_of(all, strata::number(c.revision) << 16U | c.by);
    auto const& subject = stage.world.subjects[0];
    all = digest_of(all, subject.kept);
    for (auto const& m : subject.messages)
      all = digest_of(all, strata::number(m.frame.revision) << 20U | static_cast<std::uint64_t>(m.position) << 4U |
                               static_cast<std::uint64_t>(m.frame.operation));
    for (auto const& g : stage.world.ghosts)
      all = digest_of(all, static_cast<std::uint64_t>(g.at.time_since_epoch().count()));
    for (std::size_t i = 0; i < stage.plan.instances; ++i)
      all = digest_of(all, stage.cold_failed[i] * 4U + stage.paused[i] * 2U + stage.lagging[i][0]);
    all = digest_of(all, history.digest());
    return all;
  }

  std::size_t nature_next_ = 0;  ///< of what befalls the company, the next
};

}  // namespace strata::testing
