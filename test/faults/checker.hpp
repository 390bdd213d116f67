// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "journal.hpp"
#include "tally.hpp"

#include <strata/error.hpp>
#include <strata/hit.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <format>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

// Judges what workers wrote down against what the database's own triggers kept. First each write by its outcome, then all
// reads in one pass over the beginnings and ends of calls in the order of time. It knows nothing of the library but the
// meaning of its answers.
namespace faults {

/// A revision of a key as the database committed it.
struct standing {
  std::uint32_t key = 0;
  std::uint64_t revision = 0;
  std::optional<std::uint64_t> operation = {};  ///< whose value it is; nothing: erased
  friend auto operator<=>(standing const&, standing const&) = default;
};

struct span {
  std::int64_t from = 0, to = 0;
  [[nodiscard]] std::int64_t shared_with(std::int64_t began, std::int64_t ended) const noexcept {
    return std::max<std::int64_t>(0, std::min(to, ended) - std::max(from, began));
  }
};

/// What was done to whom, for whoever reads the story of a violation.
struct mishap {
  span when;
  std::string what;
};

struct circumstances {
  std::vector<standing> truth;  ///< every revision that any key ever had
  std::vector<span> cold_away;  ///< when cold was broken, and a while after
  std::vector<span> stalls;     ///< when it was slow and nobody had broken it: the machine was
  std::vector<mishap> mishaps;
  std::int64_t bound = 1'250 * millisecond;  ///< of staleness: the lease, and what a busy machine may add
  std::int64_t grace = 50 * millisecond;     ///< of deadlines, as it is promised
  std::uint64_t hot_capacity = 0;
  std::uint64_t more_kib = 64 << 10;  ///< resident at the end than at first: what an allocator leaves unused
};

class checker {
 public:
  static constexpr auto first_reads = "reads just after a stop, by the clock";

  checker(std::vector<entry> const& journal, circumstances c) : c_{std::move(c)} {
    std::ranges::sort(c_.truth);
    for (auto const& t : c_.truth)
      if (t.operation && !of_operation_.try_emplace(*t.operation, &t).second)
        done_.broken(promise::honest, std::format("operation {:x} was committed twice", *t.operation));
    for (auto const& e : journal) {
      if (e.what == verb::starved)
        starved_[e.instance].push_back({e.began, e.ended});
      else if (e.what == verb::sample)
        sample(e);
      else if (e.writes())
        keep_write(e);
      if (e.ended != 0 && e.what < verb::starved) calls_.push_back(e);
    }
  }

  tally operator()() && {
    for (auto const& [operation, e] : writes_) write(e);
    erases();
    written_by_nobody();
    for (auto const& e : calls_) in_time(e);
    growth();
    sweep();
    return std::move(done_);
  }

 private:
  // --- the database's side -----------------------------------------------------------------------------------------

  using rows = std::vector<standing>;
  [[nodiscard]] rows::const_iterator at_or_after(std::uint32_t key, std::uint64_t revision) const {
    return std::ranges::lower_bound(c_.truth, standing{.key = key, .revision = revision});
  }
  [[nodiscard]] standing const* standing_at(std::uint32_t key, std::uint64_t revision) const {
    auto const t = at_or_after(key, revision);
    return t != c_.truth.end() && t->key == key && t->revision == revision ? &*t : nullptr;
  }
  [[nodiscard]] standing const* before(standing const& t) const {
    auto const it = at_or_after(t.key, t.revision);
    return it != c_.truth.begin() && std::prev(it)->key == t.key ? &*std::prev(it) : nullptr;
  }
  [[nodiscard]] standing const* last(std::uint32_t key) const {
    auto const it = at_or_after(key + 1, 0);
    return it != c_.truth.begin() && std::prev(it)->key == key ? &*std::prev(it) : nullptr;
  }
  /// The first erase from that revision on.
  [[nodiscard]] standing const* erase_from(std::uint32_t key, std::uint64_t revision) const {
    for (auto t = at_or_after(key, revision); t != c_.truth.end() && t->key == key; ++t)
      if (!t->operation) return &*t;
    return nullptr;
  }

  // --- writes ------------------------------------------------------------------------------------------------------

  // The record from before the call gives way to the one from after it.
  void keep_write(entry const& e) {
    auto& kept = writes_.try_emplace(e.operation, e).first->second;
    if (e.ended != 0) kept = e;
  }

  /// Whether the call says that it changed the key.
  [[nodiscard]] static bool wrote(entry const& e) noexcept {
    return e.writes() && e.done() && !e.has(entry::unchanged) &&
           (e.what != verb::get_or_load || e.given == e.operation);
  }

  void write(entry const& e) {
    if (e.ended == 0) done_.count("calls in flight at a kill");
    if (e.failed(strata::errc::unknown)) done_.count("unknown outcomes");
    if (e.has(entry::degraded)) done_.count("degraded writes");
    if (e.what == verb::erase) return erase(e);
    auto const found = of_operation_.find(e.operation);
    standing const* const t = found == of_operation_.end() ? nullptr : found->second;
    if (e.ended != 0) done_.judge(promise::honest);
    if (e.done() && e.has(entry::unchanged)) {  // no value is written twice, so each is a change
      done_.judge(promise::durable);
      if (!t) return done_.broken(promise::durable, told(e) + " is not in the database, and changed nothing, it says");
      done_.broken(promise::honest, std::format("{} says that it changed nothing and stands there as revision {}",
                                                told(e), t->revision));
    } else if (wrote(e)) {
      done_.count("acknowledged writes");
      done_.judge(promise::durable);
      if (!t) return done_.broken(promise::durable, told(e) + " is not in the database");
      if (t->key != e.key || t->revision != e.revision)
        done_.broken(promise::durable, std::format("{} stands there as revision {}", told(e), t->revision));
    } else if (e.ended != 0 && !e.done() && !e.failed(strata::errc::unknown) && t) {
      done_.broken(promise::honest, std::format("{} was committed as revision {}", told(e), t->revision));
    }
    if (t) stood(e, *t);
    if (e.what == verb::put_if && e.failed(strata::errc::conflict)) conflict(e);
  }

  // What a conditional write replaced has to be what it asked for.
  void stood(entry const& e, standing const& t) {
    if (e.what == verb::put) return;
    standing const* const previous = before(t);
    bool const nobody = !previous || !previous->operation;
    done_.judge(promise::one_winner);
    bool met = nobody;
    if (e.what == verb::put_if && e.expected != 0) met = previous && previous->revision == e.expected;
    if (e.what == verb::update && e.ended != 0) met = previous && previous->operation == e.given;
    if (e.what == verb::update && e.ended == 0) met = true;  // what it saw died with it
    if (!met)
      done_.broken(promise::one_winner,
                   std::format("{}, revision {}, replaced {}", told(e), t.revision,
                               previous ? std::format("revision {}", previous->revision) : "nothing"));
  }

  // A conflict needs another write that was there before this call ended.
  void conflict(entry const& e) {
    standing const* other = nullptr;
    if (e.expected == 0) {
      for (auto t = at_or_after(e.key, 0); t != c_.truth.end() && t->key == e.key && !other; ++t)
        if (t->operation && began_before(*t, e.ended)) other = &*t;
    } else {
      auto const t = at_or_after(e.key, e.expected + 1);
      if (t != c_.truth.end() && t->key == e.key && began_before(*t, e.ended)) other = &*t;
    }
    if (!other) done_.broken(promise::honest, told(e) + " met no other write");
  }
  // An erase carries no number; whose it is is known where it was acknowledged.
  [[nodiscard]] bool began_before(standing const& t, std::int64_t moment) const {
    auto const erase = acknowledged_erases_.find(&t);
    if (!t.operation && erase == acknowledged_erases_.end()) return true;
    auto const w = writes_.find(t.operation ? *t.operation : erase->second);
    return w == writes_.end() || w->second.began <= moment;
  }

  void erase(entry const& e) {
    if (e.ended == 0 || e.failed(strata::errc::unknown)) return void(++may_have_erased_[e.key].open);
    done_.judge(promise::honest);
    if (e.done() && away(e)) ++may_have_erased_[e.key].again;
    if (!wrote(e)) return;
    done_.count("acknowledged writes");
    done_.judge(promise::durable);
    standing const* const t = standing_at(e.key, e.revision);
    if (!t || t->operation) return done_.broken(promise::durable, told(e) + " is not in the database");
    if (!acknowledged_erases_.insert_or_assign(t, e.operation).second)
      done_.broken(promise::one_winner, told(e) + " was acknowledged twice");
  }

  // An erase carries no number, so those that nobody was told of are counted: each needs a call whose outcome is open. Or
  // one that was done twice: when the connection is lost in the middle of an erase, and another erase of the key follows
  // before it can be looked up, its trace is gone.
  void erases() {
    for (auto const& t : c_.truth) {
      if (t.operation || acknowledged_erases_.contains(&t)) continue;
      auto& left = may_have_erased_[t.key];
      if (left.open > 0) {
        --left.open;
      } else if (left.again > 0) {
        --left.again;
        done_.count("erases done twice");
      } else {
        done_.broken(promise::honest, std::format("key {}: nobody was told of the erase at revision {}, and no call's "
                                                  "outcome is open",
                                                  t.key, t.revision));
      }
    }
  }

  void written_by_nobody() {
    for (auto const& t : c_.truth) {
      if (!t.operation) continue;
      done_.judge(promise::no_mix_up);
      auto const w = writes_.find(*t.operation);
      if (w == writes_.end() || w->second.key != t.key)
        done_.broken(promise::no_mix_up, std::format("key {}, revision {}: operation {:x} never wrote there", t.key,
                                                     t.revision, *t.operation));
    }
  }

  // --- time --------------------------------------------------------------------------------------------------------

  void in_time(entry const& e) {
    std::int64_t starved = 0;
    for (auto const& s : starved_of(e)) starved += s.shared_with(e.began, e.ended);
    std::int64_t stalled = 0;
    for (auto const& s : c_.stalls) stalled += s.shared_with(e.began, e.ended);
    auto const over = e.ended - e.began - e.within_ms * millisecond;
    auto const running = std::max<std::int64_t>(over - std::max(starved, stalled) - e.waited_ms * millisecond, 0);
    if (over > 0) {
      done_.at_least("ms beyond a deadline at most, stops included", static_cast<std::uint64_t>(over / millisecond));
      done_.at_least("ms beyond a deadline at most, stops apart", static_cast<std::uint64_t>(running / millisecond));
    }
    done_.judge(promise::in_time);
    if (running > c_.grace)
      done_.broken(
          promise::in_time,
          std::format("{} took {} ms of {}, its process ran for all but {} of them, and its thread waited for {}",
                      told(e), (e.ended - e.began) / millisecond, e.within_ms, starved / millisecond, e.waited_ms));
    if (e.done() || e.failed(strata::errc::conflict) || (e.what == verb::update && e.failed(strata::errc::rejected)))
      return;
    // Writers of one row wait for each other, which on a busy machine may use up a short deadline.
    bool const in_line = e.what >= verb::put && e.within_ms < 1'000 && over > -10 * millisecond;
    if (away(e) || in_line || std::max(starved, stalled) > 20 * millisecond) return done_.excuse(promise::in_time);
    done_.broken(promise::in_time, told(e) + " while cold was up");
  }
  [[nodiscard]] bool away(entry const& e) const {
    return std::ranges::any_of(c_.cold_away, [&](span const& s) { return s.shared_with(e.began, e.ended) > 0; });
  }
  // Those that may overlap the call; both are in the order of time within an instance.
  [[nodiscard]] std::vector<span> starved_of(entry const& e) const {
    auto const of = starved_.find(e.instance);
    if (of == starved_.end()) return {};
    auto from = std::ranges::lower_bound(of->second, e.began, {}, &span::to);
    std::vector<span> some;
    for (; from != of->second.end() && from->from < e.ended; ++from) some.push_back(*from);
    return some;
  }

  void sample(entry const& e) {
    done_.judge(promise::in_bounds);
    done_.at_least("MiB resident at most", e.expected >> 10U);
    if (c_.hot_capacity != 0 && e.revision > c_.hot_capacity)
      done_.broken(promise::in_bounds,
                   std::format("instance {} holds {} entries of {}", e.instance, e.revision, c_.hot_capacity));
    samples_.push_back(e);
  }

  // What an instance takes once it has settled, against the most that it took in its first seconds at work. Threads that start
  // where they are needed may start later, and a reconnect may hold two descriptors more.
  void growth() {
    struct life {
      std::int64_t at_work;
      bool settled = false;
      size_seen first = {}, last = {};
    };
    std::unordered_map<std::uint16_t, life> lives;
    for (auto const& e : calls_) {
      auto& one = lives.try_emplace(e.instance, e.began).first->second;
      one.at_work = std::min(one.at_work, e.began);
      one.settled = one.settled || e.has(entry::sweep);
    }
    for (auto const& e : samples_) {
      auto const of = lives.find(e.instance);
      if (of == lives.end()) continue;
      auto& [at_work, settled, first, last] = of->second;
      last = {.resident_kib = e.expected, .threads = e.given >> 32U, .descriptors = e.given & 0xffff'ffffU};
      if (e.began > at_work + 3'000 * millisecond) continue;
      first = {.resident_kib = std::max(first.resident_kib, last.resident_kib),
               .threads = std::max(first.threads, last.threads),
               .descriptors = std::max(first.descriptors, last.descriptors)};
    }
    for (auto const& [instance, one] : lives) {
      if (!one.settled) continue;  // killed at work
      auto const bounded = [&](char const* what, std::uint64_t was, std::uint64_t is, std::uint64_t more) {
        done_.judge(promise::in_bounds);
        if (is > was + more)
          done_.broken(promise::in_bounds, std::format("instance {} had {} {} in its first seconds and {} at its end",
                                                       instance, was, what, is));
      };
      bounded("KiB", one.first.resident_kib, one.last.resident_kib, c_.more_kib);
      bounded("threads", one.first.threads, one.last.threads, 8);
      bounded("descriptors", one.first.descriptors, one.last.descriptors, 8);
    }
  }

  // --- reads -------------------------------------------------------------------------------------------------------

  struct known {
    std::uint64_t seen = 0;  ///< the highest revision that anybody on the instance has seen or written
    std::uint64_t own = 0;   ///< that was acknowledged on the instance
  };
  struct at_begin {
    known here;
    std::uint64_t settled = 0;  ///< acknowledged anywhere longer ago than the bound
    std::uint64_t acknowledged = 0;
  };
  struct event {
    std::int64_t at;
    enum kind : std::uint8_t { begin, end, settle } what;  // at the same moment whoever begins knows the least
    std::size_t call;
    friend auto operator<=>(event const&, event const&) = default;
  };

  void sweep() {
    std::vector<event> events;
    events.reserve(calls_.size() * 2);
    for (std::size_t n = 0; n < calls_.size(); ++n) {
      auto const& e = calls_[n];
      events.push_back({e.began, event::begin, n});
      events.push_back({e.ended, event::end, n});
      if (wrote(e)) events.push_back({e.ended + c_.bound, event::settle, n});
    }
    std::ranges::sort(events);
    began_.resize(calls_.size());
    for (auto const& v : events) {
      auto const& e = calls_[v.call];
      auto& here = known_[std::uint64_t{e.instance} << 32U | e.key];
      auto& settled = settled_[e.key];
      auto& acknowledged = acknowledged_[e.key];
      if (v.what == event::settle) {
        settled = std::max(settled, e.revision);
      } else if (v.what == event::begin) {
        began_[v.call] = {here, settled, acknowledged};
      } else {
        if (!e.done()) continue;
        if (e.reads()) read(e, began_[v.call], here);
        if (e.what == verb::erase && e.has(entry::unchanged)) found_nothing(e, began_[v.call]);
        if (wrote(e)) {
          in_order(e, began_[v.call]);
          here.seen = std::max(here.seen, e.revision);
          here.own = std::max(here.own, e.revision);
          acknowledged = std::max(acknowledged, e.revision);
        }
      }
    }
  }

  // An erase that changed nothing needs a moment at which nothing stood there: the last write that was acknowledged before
  // it began is an erase, or one comes after that and before this call ended.
  void found_nothing(entry const& e, at_begin const& then) {
    if (then.acknowledged == 0) return;
    auto t = at_or_after(e.key, then.acknowledged);
    while (t != c_.truth.end() && t->key == e.key && t->operation && began_before(*t, e.ended)) ++t;
    if (t != c_.truth.end() && t->key == e.key && !t->operation && began_before(*t, e.ended)) return;
    done_.broken(promise::honest, std::format("{} says that it found nothing, where revision {} or a later one stood",
                                              told(e), then.acknowledged));
  }

  // A write that began after another was acknowledged comes after it.
  void in_order(entry const& e, at_begin const& then) {
    done_.judge(promise::one_winner);
    if (e.revision <= then.acknowledged)
      done_.broken(promise::one_winner,
                   std::format("{} comes before revision {}, acknowledged earlier", told(e), then.acknowledged));
  }

  void read(entry const& e, at_begin const& then, known& here) {
    done_.judge(promise::no_mix_up);
    if (e.has(entry::damaged)) return done_.broken(promise::no_mix_up, told(e) + " gave what nobody wrote there");
    bool const value = e.revision != 0;
    if (value) {
      standing const* const t = standing_at(e.key, e.revision);
      if (!t || t->operation != e.given)
        return done_.broken(promise::no_mix_up,
                            std::format("{} gave operation {:x}, which is not that revision", told(e), e.given));
    }
    // An absence stands for the first erase that allows it, which is the kindest reading.
    auto const meaning = [&](std::uint64_t floor) -> std::optional<std::uint64_t> {
      if (value) return e.revision;
      if (floor == 0) return 0;
      auto const* const t = erase_from(e.key, floor);
      return t ? std::optional{t->revision} : std::nullopt;
    };
    compare(e, meaning(then.here.seen), then.here);
    auto const settled = e.has(entry::truth) ? then.acknowledged : then.settled;
    if (!wrote(e)) fresh(e, meaning(settled), settled);
    if (e.expected != 0) asked_for(e, meaning(e.expected));
    if (e.has(entry::sweep)) final_contents(e);
    if (auto const r = meaning(then.here.seen)) here.seen = std::max(here.seen, *r);
  }

  // A read that asks for a revision gets it or what replaced it.
  void asked_for(entry const& e, std::optional<std::uint64_t> meant) {
    done_.judge(promise::own_writes);
    if (!meant || *meant < e.expected)
      done_.broken(promise::own_writes, std::format("{} was to be at least revision {}", told(e), e.expected));
  }

  void compare(entry const& e, std::optional<std::uint64_t> meant, known const& floor) {
    bool const low = !meant || *meant < floor.seen;
    // Between what was read and what was known lies an erase: something came back.
    standing const* const erased = erase_from(e.key, e.revision);
    bool const after_erase = e.revision != 0 && erased && erased->revision <= floor.seen;
    if (after_erase || (floor.seen != 0 && standing_erased(e.key, floor.seen))) done_.judge(promise::no_resurrection);
    done_.judge(promise::monotonic);
    if (floor.own != 0) done_.judge(promise::own_writes);
    if (!low) return;
    auto const story = std::format("{} although revision {} was known there", told(e), floor.seen);
    if (after_erase) return done_.broken(promise::no_resurrection, story);
    done_.broken(floor.own == floor.seen ? promise::own_writes : promise::monotonic, story);
  }
  [[nodiscard]] bool standing_erased(std::uint32_t key, std::uint64_t revision) const {
    standing const* const t = standing_at(key, revision);
    return t && !t->operation;
  }

  void fresh(entry const& e, std::optional<std::uint64_t> meant, std::uint64_t settled) {
    bool const woken = just_woken(e);
    if (woken && !e.has(entry::flagged)) done_.count(first_reads);
    if (e.state != strata::freshness::fresh) return done_.count("reads not called fresh");
    bool const late = !meant || *meant < settled;
    if (late && woken && e.has(entry::flagged) && !e.has(entry::truth)) return done_.excuse(promise::bounded);
    done_.judge(promise::bounded);
    if (late)
      done_.broken(
          promise::bounded,
          std::format("{} is called fresh although revision {} was acknowledged {} it began", told(e), settled,
                      e.has(entry::truth) ? "before" : std::format("more than {} ms before", c_.bound / millisecond)));
  }
  // Where a thread clears the flag, that thread has to run first after the process was stopped. Who minds takes the
  // clock, by which the very first reads are judged.
  [[nodiscard]] bool just_woken(entry const& e) const {
    auto const of = starved_.find(e.instance);
    return of != starved_.end() && std::ranges::any_of(of->second, [&](span const& s) {
             return s.to - s.from > 300 * millisecond && s.from <= e.began && e.began <= s.to + 150 * millisecond;
           });
  }

  void final_contents(entry const& e) {
    standing const* const t = last(e.key);
    bool const same = t && t->operation ? e.revision == t->revision : e.revision == 0;
    done_.judge(promise::same_end);
    if (same) return;
    done_.broken(promise::same_end, std::format("{} where cold ended on revision {}{}", told(e), t ? t->revision : 0,
                                                t && !t->operation ? ", erased" : ""));
  }

  [[nodiscard]] std::string told(entry const& e) const {
    std::string story = what_happened(e);
    for (auto const& m : c_.mishaps) {
      auto const ended = e.ended == 0 ? e.began : e.ended;
      if (m.when.from <= ended && e.began <= m.when.to + 3'000 * millisecond)
        story += std::format(" ({}, from {} to {} ms before it began)", m.what, (e.began - m.when.from) / millisecond,
                             (e.began - m.when.to) / millisecond);
    }
    return story;
  }
  [[nodiscard]] static std::string what_happened(entry const& e) {
    std::string story = std::format("{} of key {} on instance {} at {}.{:06} s within {} ms", to_string(e.what), e.key,
                                    e.instance, e.began / 1'000'000'000, e.began / 1'000 % 1'000'000, e.within_ms);
    if (e.writes()) story += std::format(", operation {:x}", e.operation);
    if (e.ended == 0) return story + ", in flight at a kill,";
    story += std::format(", after {} ms", (e.ended - e.began) / millisecond);
    if (e.outcome != 0)
      return story + std::format(", {} by {},", to_string(static_cast<strata::errc>(e.outcome)), to_string(e.from));
    if (e.reads() && e.revision == 0) return story + std::format(", absent by {},", to_string(e.from));
    return story + std::format(", revision {} by {},", e.revision, to_string(e.from));
  }

  circumstances c_;
  tally done_;
  std::vector<entry> calls_, samples_;
  std::vector<at_begin> began_;
  std::unordered_map<std::uint64_t, entry> writes_;
  std::unordered_map<std::uint64_t, standing const*> of_operation_;
  std::map<standing const*, std::uint64_t> acknowledged_erases_;
  struct unclear_erases {
    std::size_t open = 0, again = 0;
  };
  std::unordered_map<std::uint32_t, unclear_erases> may_have_erased_;
  std::unordered_map<std::uint16_t, std::vector<span>> starved_;
  std::unordered_map<std::uint64_t, known> known_;
  std::unordered_map<std::uint32_t, std::uint64_t> settled_, acknowledged_;
};

}  // namespace faults
