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
  using base::callers_, base::for_each_strand, base::has_cold, base::has_warm, base::instances_, base::start,
      base::strands_;
  using typename base::core_type;

  /// Whether nobody has begun anything that is not over, so that it may be an hour until somebody does.
  [[nodiscard]] bool silent() const noexcept {
    for (std::size_t s = 0; s < strands_; ++s)
      if (callers_[s].calling) return false;
    for (std::size_t i = 0; i < stage.plan.instances; ++i)
      if (stage.time.strands[strands_ + i].is != scheduler::state::idle) return false;
    return stage.world.ghosts.empty();
  }
  /// Whether somebody has brought to warm all that cold has.
  [[nodiscard]] bool in_warm() const noexcept {
    auto const& w = stage.world;
    return !w.log.empty() && w.horizon.reached == cursor{w.log.size(), {}};
  }
  /// Whether it is now that something may befall the company.
  [[nodiscard]] bool may_befall(plan::step const& s) const noexcept {
    if (s.what == verb::silence) return silent();
    return s.what != verb::renew || (silent() && in_warm());
  }
  /// Whether a change told now could make a difference to a call.
  [[nodiscard]] bool busy_at(std::size_t i) const noexcept {
    for (std::size_t s = i * stage.plan.callers; s < (i + 1) * stage.plan.callers; ++s)
      if (callers_[s].calling || callers_[s].next < callers_[s].count) return true;
    return stage.time.strands[strands_ + i].is != scheduler::state::idle;
  }
  [[nodiscard]] bool pending(std::size_t i) const noexcept {
    auto const& feed = instances_[i].feed;
    return feed.connected && stage.unaware_until[i] == moment{} && feed.heard < stage.world.feed.size();
  }
  void hear(std::size_t i, world::notice const& n) {
    auto& one = instances_[i];
    if (one.feed.deliver == nullptr) return;
    if (stage.story != nullptr)
      stage.tell("   feed: {} hears of revision {} of {}", director::name_of_instance(i), strata::number(n.revision),
                 name_of(n.key));
    if (n.revision == revision{}) one.strays.push_back(n.position);
    auto const what = n.key < most_keys ? telling::changed : telling::hinted;
    one.feed.deliver(one.feed.to, {what, {key_names[n.key % most_keys], n.revision, n.operation}, n.position});
  }
  [[nodiscard]] static std::string name_of(std::size_t subject) {
    return std::format("{}{}", key_names[subject % most_keys], subject < most_keys ? "" : " where others look");
  }
  /// The next message, in the stream's order; sometimes twice, sometimes with an old one again. One that another of its
  /// subject follows may never be told; others are kept back until the end only where nothing proves how far a feed is.
  /// And sometimes the feed has a gap, and says so.
  void deliver(std::size_t i) {
    auto& one = instances_[i];
    auto const& all = stage.world.feed;
    std::size_t const next = one.feed.heard++;
    std::size_t const how = stage.exploring ? 0 : stage.choices.pick(8, 5);
    if (how == 5) {
      one.feed.owed = {};
      one.feed.heard = all.size();
      stage.tell("   feed: {} notices that it may have missed something", director::name_of_instance(i));
      return one.feed.deliver(one.feed.to, {telling::resumed, {}, position{stage.world.last_position()}});
    }
    if (how == 1 && (!core_type::leased || superseded(next))) {
      one.feed.owed[all[next].key] = true;
      return stage.tell("   feed: {} misses revision {} of {}", director::name_of_instance(i),
                        strata::number(all[next].revision), name_of(all[next].key));
    }
    if (how == 2 && next > 0) hear(i, all[next - 1]);
    hear(i, all[next]);
    if (how == 3) hear(i, all[next]);
    if (how == 4 && next > 0) hear(i, all[0]);
  }
  [[nodiscard]] bool superseded(std::size_t n) const noexcept {
    auto const& all = stage.world.feed;
    for (std::size_t later = n + 1; later < all.size(); ++later)
      if (all[later].key == all[n].key) return true;
    return false;
  }
  void cut(std::size_t i) {
    auto& feed = instances_[i].feed;
    stage.unaware_until[i] = {};
    if (!has_warm || !std::exchange(feed.connected, false)) return;
    instances_[i].strays.clear();
    stage.tell("   the feed of {} is cut off", director::name_of_instance(i));
    feed.deliver(feed.to, {telling::lost, {}, {}});
  }
  /// The same, which it does not notice for as long as may be: the feed is silent.
  void sever(std::size_t i) {
    stage.unaware_until[i] = stage.time.now + std::chrono::seconds{2};
    stage.tell("   {} is cut off from warm, and does not notice", director::name_of_instance(i));
  }
  void mend(std::size_t i) {
    if (stage.unaware_until[i] != moment{}) cut(i);
    auto& feed = instances_[i].feed;
    if (!has_warm || std::exchange(feed.connected, true)) return;
    stage.tell("   the feed of {} goes on", director::name_of_instance(i));
    feed.heard = stage.world.feed.size();
    feed.owed = {};
    feed.deliver(feed.to, {telling::resumed, {}, position{stage.world.last_position()}});
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
          bool const there = core_type::gathers && s.key == 0 && s.param % 2 == 1;
          std::size_t const place = there ? elsewhere(s.key) : s.key;
          if (stage.story != nullptr)
            stage.tell("   a program that knows no revisions writes {} in warm", name_of(place));
          frame f{.key = std::string{key_names[s.key]}};
          (void)mark_codec::encode(make_mark(s.key, 255, 902), f.payload);
          stage.world.publish(place, std::move(f), 0);
          if (!there) stage.world.told[s.key] = {};
        }
        return;
      }
      case verb::regress:
        if (subject.kept < 2) return;
        --subject.kept;
        stage.world.told[s.key] = {};
        stage.world.unsettled[s.key] = true;
        if (stage.story != nullptr)
          stage.tell("   warm falls back to {} of {}", detail::text_of(subject.last()->frame), key_names[s.key]);
        return;
      case verb::forget:
        if (subject.kept == 0) return;
        subject.kept = 0;
        stage.world.told[s.key] = {};
        if (stage.story != nullptr) stage.tell("   warm forgets {}", key_names[s.key]);
        return;
      case verb::foreign:
        if constexpr (has_cold) {
          auto const number = static_cast<std::uint16_t>(1'000 + stage.world.log.size());
          auto const place = stage.world.begin(s.key);
          if (!place) return;
          auto const commit = [this, place = *place, value = make_mark(s.key, 254, number), number] {
            stage.tell("   a program that publishes nothing writes {} in cold", key_names[value.key]);
            stage.world.end(place, value, number);
          };
          if (s.param % 2 == 0) return commit();
          stage.tell("   one begins to write {}", key_names[s.key]);
          stage.world.ghosts.push_back({stage.time.now + delays[s.param], commit});
        }
        return;
      case verb::silence:
        stage.tell("   nobody calls for a long time");
        befall({.what = verb::foreign, .key = s.key});
        if ((s.param & 1U) != 0) befall({.what = verb::forget, .key = s.key});
        if ((s.param & 2U) != 0) cut(s.instance), mend(s.instance);
        stage.world.log_ages = stage.world.log.size();
        return;
      case verb::prune:
        // Only where somebody has read; and a stream that falls back further than the log goes is beyond what is promised.
        if (has_warm && stage.world.horizon.reached == cursor{}) return;
        if (stage.world.fell_back) return;
        stage.tell("   cold's log forgets what is old");
        stage.world.log_begins = stage.world.log_ages;
        return;
      case verb::cut: return cut(s.instance);
      case verb::mend: return mend(s.instance);
      case verb::sever: return sever(s.instance);
      case verb::fall_back:
        if constexpr (has_warm && has_cold) {
          if (stage.world.forgotten(1U + s.param)) return;
          stage.tell("   the stream loses its last {} messages", 1 + s.param);
          for (std::size_t i = 0; i < stage.plan.instances; ++i)  // a server that was away
            if (i == s.instance && (s.caller == 1 || stage.unaware_until[i] != moment{}) &&
                instances_[i].feed.connected)
              sever(i);
            else
              cut(i);
          stage.world.fall_back(1U + s.param);
        }
        return;
      case verb::renew:
        if constexpr (has_warm && has_cold) {
          if (stage.world.forgotten(stage.world.feed.size())) return;
          stage.tell("   the stream is made anew");
          for (std::size_t i = 0; i < stage.plan.instances; ++i) cut(i);
          stage.world.fall_back(stage.world.feed.size());
          for (std::size_t i = 0; i < stage.plan.instances; ++i) mend(i);
          be_late(s);
        }
        return;
      default: return;
    }
  }

  /// What was committed before the last is published only now, as late as may be.
  void be_late(plan::step const& s) {
    auto const& all = stage.world.commits[s.key];
    auto const at = stage.time.now + delays[s.param];
    if (all.size() < 2 || at - all[all.size() - 2].when > flow::healer<>::late) return;
    auto const& made = all[all.size() - 2];
    frame f{.key = std::string{key_names[s.key]}, .revision = made.revision, .operation = made.operation};
    if (made.operation == operation::put) {
      f.codec = mark_codec::id;
      (void)mark_codec::encode(made.value, f.payload);
      if (made.ends != moment::max()) f.expires_ms = virtual_clock::wall_ms(made.ends);
    }
    f.sum = checksum(f);
    stage.world.ghosts.push_back({at, [this, f, key = s.key, by = made.by] {
                                    auto const stored = stage.world.warm_store(key, f, std::nullopt, by);
                                    stage.tell("   {} of {} is published late: {}", detail::text_of(f), f.key,
                                               stored ? "stored" : "not stored");
                                  }});
  }

  void crash(plan::step const& s) {
    stage.tell("   {} is killed and starts anew", director::name_of_instance(s.instance));
    for_each_strand(s.instance, [&](std::size_t strand) {
      stage.time.running = strand;
      if (auto* const asked = stage.time.strands[strand].asked; asked != nullptr && s.param % 2 == 1) {
        stage.time.strands[strand].asked = nullptr;
        asked->serve(*asked);  // it was on the wire already
      }
    });
    access::core(*instances_[s.instance].cache).askers.abandon();
    for_each_strand(s.instance, [&](std::size_t strand) {
      auto& c = callers_[strand];
      c.flow.reset();
      c.calling = false;
      c.last_read = {};
      stage.time.strands[strand] = {};
      stage.answered[strand] = {};
    });
    auto& one = instances_[s.instance];
    one.cache.reset();
    history.restarted(s.instance);
    stage.unaware_until[s.instance] = {};
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
