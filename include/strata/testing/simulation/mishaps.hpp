// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/testing/simulation/company.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

// What befalls a company: what its feeds deliver, kills, evictions, losses of the stream, requests that arrive late.
namespace strata::testing {

template <class Cache>
class mishaps : public company<Cache> {
  using base = company<Cache>;

 public:
  using base::history, base::stage;

 protected:
  using base::callers_, base::has_cold, base::has_warm, base::instances_, base::start;

  /// Whether a change told now could make a difference to a call.
  [[nodiscard]] bool busy_at(std::size_t i) const noexcept {
    for (std::size_t s = i * stage.plan.callers; s < (i + 1) * stage.plan.callers; ++s)
      if (callers_[s].calling || callers_[s].next < callers_[s].count) return true;
    return false;
  }
  [[nodiscard]] bool pending(std::size_t i) const noexcept {
    for (std::size_t k = 0; k < stage.plan.keys; ++k)
      if (instances_[i].heard[k] < stage.world.feed[k].size()) return true;
    return false;
  }
  void hear(std::size_t i, std::size_t k, world::notice const& n) {
    auto& one = instances_[i];
    if (one.feed.deliver == nullptr) return;
    if (stage.story != nullptr)
      stage.tell("   feed: {} hears of revision {} of {}", director::name_of_instance(i), strata::number(n.revision),
                 key_names[k]);
    one.feed.deliver(one.feed.to, {telling::changed, {key_names[k], n.revision, n.operation}, n.position});
  }
  /// The next of one subject, in order; sometimes twice, sometimes an old one again, sometimes not until the end; and
  /// sometimes the feed has a gap, and says so.
  void deliver(std::size_t i) {
    auto& one = instances_[i];
    std::size_t k = 0;
    while (one.heard[k] >= stage.world.feed[k].size()) ++k;
    auto const& all = stage.world.feed[k];
    std::size_t const next = one.heard[k]++;
    std::size_t const how = stage.exploring ? 0 : stage.choices.pick(8, 5);
    if (how == 5) {
      one.owed = {};
      for (std::size_t other = 0; other < stage.plan.keys; ++other) one.heard[other] = stage.world.feed[other].size();
      stage.tell("   feed: {} notices that it may have missed something", director::name_of_instance(i));
      return one.feed.deliver(one.feed.to, {telling::resumed, {}, {}});
    }
    if (how == 1) {
      one.owed[k] = true;
      return stage.tell("   feed: {} misses revision {} of {}", director::name_of_instance(i),
                        strata::number(all[next].revision), key_names[k]);
    }
    if (how == 2 && next > 0) hear(i, k, all[next - 1]);
    hear(i, k, all[next]);
    if (how == 3) hear(i, k, all[next]);
    if (how == 4 && next > 0) hear(i, k, all[0]);
  }

  void befall(plan::step const& s) {
    auto& subject = stage.world.subjects[s.key];
    switch (s.what) {
      case verb::crash: return crash(s);
      case verb::evict:
        if (stage.story != nullptr)
          stage.tell("   hot of {} loses {}", director::name_of_instance(s.instance), key_names[s.key]);
        access::evict(*instances_[s.instance].cache, key_names[s.key]);
        return;
      case verb::intrude: {
        if constexpr (has_warm && has_cold) {
          if (stage.story != nullptr)
            stage.tell("   a program that knows no revisions writes {} in warm", key_names[s.key]);
          frame f{.key = std::string{key_names[s.key]}};
          (void)mark_codec::encode(make_mark(s.key, 255, 902), f.payload);
          stage.world.publish(s.key, std::move(f), 0);
          stage.world.told[s.key] = {};
        }
        return;
      }
      case verb::regress:
        if (subject.kept < 2) return;
        --subject.kept;
        stage.world.told[s.key] = {};
        if (stage.story != nullptr)
          stage.tell("   warm falls back to {} of {}", detail::text_of(subject.last()->frame), key_names[s.key]);
        return;
      case verb::forget:
        if (subject.kept == 0) return;
        subject.kept = 0;
        stage.world.told[s.key] = {};
        if (stage.story != nullptr) stage.tell("   warm forgets {}", key_names[s.key]);
        return;
      default: return;
    }
  }

  void crash(plan::step const& s) {
    stage.tell("   {} is killed and starts anew", director::name_of_instance(s.instance));
    for (std::size_t i = 0; i < stage.plan.callers; ++i) {
      std::size_t const strand = std::size_t{s.instance} * stage.plan.callers + i;
      auto& c = callers_[strand];
      if (!c.calling) continue;
      stage.time.running = strand;
      if (auto* const asked = stage.time.strands[strand].asked; asked != nullptr && s.param % 2 == 1) {
        stage.time.strands[strand].asked = nullptr;
        asked->serve(*asked);  // it was on the wire already
      }
    }
    for (std::size_t i = 0; i < stage.plan.callers; ++i) {
      std::size_t const strand = std::size_t{s.instance} * stage.plan.callers + i;
      auto& c = callers_[strand];
      c.flow.reset();
      c.calling = false;
      c.last_read = {};
      stage.time.strands[strand] = {};
      stage.answered[strand] = {};
    }
    auto& one = instances_[s.instance];
    one.cache.reset();
    history.restarted(s.instance);
    stage.cold_failed[s.instance] = false;
    start(s.instance);
  }

  void arrive() {
    auto& ghosts = stage.world.ghosts;
    for (std::size_t i = 0; i < ghosts.size(); ++i)
      if (ghosts[i].at <= stage.time.now) {
        auto const happen = std::move(ghosts[i].happen);
        ghosts.erase(ghosts.begin() + static_cast<std::ptrdiff_t>(i));
        return happen();
      }
  }
};

}  // namespace strata::testing
