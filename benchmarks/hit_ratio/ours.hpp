// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "classics.hpp"
#include "order.hpp"

#include <strata/hash.hpp>
#include <strata/hot/engine/ghosts.hpp>
#include <strata/hot/engine/segments.hpp>
#include <strata/hot/engine/sketch.hpp>
#include <strata/hot/s3fifo.hpp>
#include <strata/hot/tinylfu.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <set>
#include <vector>

// Slow models of our own algorithms: what they decide, told with whole lists of keys instead of links, bits and marks. Our
// engine must let the same key go at every request. The sketch and the ghosts are the algorithms' own, since what they
// forget by chance decides too.
namespace hit_ratio {

inline std::uint32_t short_hash(key k) { return strata::hot::engine::kept_hash(strata::hasher<key>{1}(k).hash); }

/// A list for each generation; a key that is used stays where it is until its turn to go comes.
class generational_lru : public model {
 public:
  generational_lru(std::size_t capacity, std::size_t keys)
      : model{capacity}, width_{(capacity + 61) / 62}, used_(keys, never) {}
  bool request(key k) {
    if (used_[k] != never) {
      used_[k] = now_;
      return true;
    }
    if (size_ == capacity_)
      take_oldest();
    else
      ++size_;
    if (++arrivals_ >= width_) {  // none is as old as 64 generations, since nothing is erased
      arrivals_ = 0;
      ++now_;
    }
    lists_[now_].push_back(k);
    used_[k] = now_;
    return false;
  }

 private:
  static constexpr std::uint64_t never = ~std::uint64_t{};

  void take_oldest() {
    for (;;) {
      auto& [generation, list] = *lists_.begin();
      evicted_ = list.front();
      list.pop_front();
      std::uint64_t const used = used_[evicted_];
      bool const goes = used == generation;
      if (list.empty()) lists_.erase(lists_.begin());
      if (goes) break;
      lists_[used].push_back(evicted_);
    }
    used_[evicted_] = never;
  }

  std::map<std::uint64_t, std::deque<key>> lists_;
  std::uint64_t now_ = 0;
  std::size_t arrivals_ = 0, width_, size_ = 0;
  std::vector<std::uint64_t> used_;
};

/// In order of arrival; the hand passes over used keys and forgives them.
class sieve_model : public model {
 public:
  sieve_model(std::size_t capacity, std::size_t keys) : model{capacity}, all_{keys}, used_(keys) {}
  bool request(key k) {
    if (all_.has(k)) return used_[k] = true;
    if (all_.size() == capacity_) {
      while (true) {
        if (hand_ == no_key) hand_ = all_.oldest();
        if (!used_[hand_]) break;
        used_[hand_] = false;
        hand_ = all_.after(hand_);
      }
      evicted_ = hand_;
      hand_ = all_.after(hand_);
      all_.remove(evicted_);
    }
    all_.add_newest(k);
    return used_[k] = false;
  }

 private:
  order all_;
  std::vector<bool> used_;
  key hand_ = no_key;
};

template <strata::hot::s3fifo_settings Given>
class s3fifo_model : public model {
 public:
  s3fifo_model(std::size_t capacity, std::size_t keys)
      : model{capacity},
        small_{keys},
        main_{keys},
        window_{keys},
        uses_(keys),
        ghosts_{capacity * Given.ghosts / 100} {}
  bool request(key k) {
    if (small_.has(k) || main_.has(k)) {
      if (!window_.has(k) && uses_[k] < Given.most_uses) ++uses_[k];
      return true;
    }
    if (size() == capacity_) make_room();
    bool const known = ghosts_.take(short_hash(k));
    uses_[k] = 0;
    (known ? main_ : small_).add_newest(k);
    if (!known && Given.window != 0) {
      window_.add_newest(k);
      while (window_.size() * 100 > share() * Given.window) window_.take_oldest();
    }
    return false;
  }

 private:
  [[nodiscard]] std::size_t size() const { return small_.size() + main_.size(); }
  [[nodiscard]] std::size_t share() const { return std::max<std::size_t>(size() * Given.small / 100, 1); }
  void make_room() {
    for (;;) {
      if (!main_.empty() && small_.size() < share()) {
        key const k = main_.take_oldest();
        if (uses_[k] == 0) return void(evicted_ = k);
        --uses_[k];
        main_.add_newest(k);
        continue;
      }
      key const k = small_.take_oldest();
      if (window_.has(k)) window_.remove(k);
      if (uses_[k] < Given.threshold) {
        ghosts_.remember(short_hash(k));
        return void(evicted_ = k);
      }
      uses_[k] = 0;
      main_.add_newest(k);
    }
  }

  order small_, main_, window_;
  std::vector<std::uint8_t> uses_;
  strata::hot::engine::ghosts ghosts_;
};

template <strata::hot::tinylfu_settings Given>
class tinylfu_model : public model {
 public:
  tinylfu_model(std::size_t capacity, std::size_t keys)
      : model{capacity}, window_{keys}, probation_{keys}, protected_{keys}, sketch_{capacity} {}
  bool request(key k) {
    bool const hit = window_.has(k) || probation_.has(k) || protected_.has(k);
    if (hit) {
      count(k);
      ++hits_;
      if (window_.has(k)) {
        window_.renew(k);
      } else if (protected_.has(k)) {
        protected_.renew(k);
      } else {
        probation_.remove(k);
        protected_.add_newest(k);
        if (protected_.size() * 10 > (size() - most()) * 8) probation_.add_newest(protected_.take_oldest());
      }
      return true;
    }
    if (size() == capacity_) make_room();
    window_.add_newest(k);
    while (window_.size() > most()) probation_.add_newest(window_.take_oldest());
    count(k);
    return false;
  }

 private:
  [[nodiscard]] std::size_t size() const { return window_.size() + probation_.size() + protected_.size(); }
  [[nodiscard]] std::size_t most() const {
    return std::max<std::size_t>(size() - static_cast<std::size_t>(static_cast<double>(size()) * (1 - share_)), 1);
  }
  void make_room() {
    full_ = true;
    order& main = probation_.empty() ? protected_ : probation_;
    if (main.empty()) return void(evicted_ = window_.take_oldest());
    if (window_.empty() || window_.size() < most()) return void(evicted_ = main.take_oldest());
    key const candidate = window_.oldest();
    unsigned const asked = sketch_.estimate(short_hash(candidate));
    bool stays = asked > sketch_.estimate(short_hash(main.oldest()));
    if (!stays && asked >= 6) stays = (random_ = random_ * 6364136223846793005U + 1442695040888963407U) >> 57U == 0;
    evicted_ = stays ? main.take_oldest() : candidate;
    window_.remove(candidate);
    if (stays) probation_.add_newest(candidate);
  }
  void count(key k) {
    full_ = full_ || size() * 2 >= capacity_;
    if (!full_) return;
    sketch_.count(short_hash(k));
    if (Given.rule != strata::hot::window_rule::climbing || ++requests_ < capacity_ * 10) return;
    double const rate = static_cast<double>(hits_) / static_cast<double>(requests_);
    if (rate < rate_) step_ = -step_;
    share_ = std::clamp(share_ + step_, 0.0, 0.8);
    step_ = std::abs(rate - rate_) >= 0.05 ? std::copysign(0.0625, step_) : 0.98 * step_;
    rate_ = rate;
    requests_ = hits_ = 0;
  }

  order window_, probation_, protected_;
  strata::hot::engine::sketch sketch_;
  bool full_ = false;
  double share_ = Given.window / 100.0, step_ = -0.0625, rate_ = 0;
  std::uint64_t requests_ = 0, hits_ = 0, random_ = 1;
};

/// A window, a main part of two lists, and a rule for who may leave the one for the other; who was used since it was looked
/// at gets another turn.
class segments_model {
 public:
  using setting = strata::hot::engine::segment_setting;
  using leaving = strata::hot::engine::leaving;

  segments_model(setting s, std::size_t capacity, std::size_t keys)
      : setting_{s},
        capacity_{capacity},
        in_window_(keys),
        probation_{keys},
        protected_{keys},
        uses_(keys),
        late_(keys),
        arrival_(keys),
        last_(keys) {}

  [[nodiscard]] std::size_t size() const { return window_size_ + probation_.size() + protected_.size(); }
  [[nodiscard]] bool has(key k) const { return in_window_[k] || probation_.has(k) || protected_.has(k); }
  [[nodiscard]] bool knows_ghosts() const {
    return setting_.rule == leaving::visited || setting_.rule == leaving::either;
  }
  void set(setting s) { setting_ = s; }

  /// \returns whether it changed nothing
  bool hit(key k) {
    auto const since = static_cast<std::uint16_t>(arrivals_ - arrival_[k]);  // too old wraps, as it does in the nodes
    bool const late = since >= std::min<std::size_t>(room() / 2, 0x7FFF);
    bool const same = uses_[k] == 7 && last_[k] % 8 == now_ % 8 && (late_[k] || !late);
    if (uses_[k] < 7) ++uses_[k];
    last_[k] = now_;
    if (late) late_[k] = true;
    return same;
  }
  /// Calls looked(key, uses) for those whose uses are looked at.
  template <class Looked>
  void insert(key k, bool known, Looked&& looked) {
    uses_[k] = 0;
    late_[k] = false;
    arrival_[k] = ++arrivals_;
    if (known) {
      protected_.add_newest(k);
      return demote(looked);
    }
    enter(k, now_);
    while (full_ && window_size_ > room()) probation_.add_newest(take_oldest_of_window());
  }
  /// Takes out who goes; calls remember(key) for one whose ghost stays.
  template <class Looked, class MoreFrequent, class Remember>
  key take_victim(Looked&& looked, MoreFrequent&& more_frequent, Remember&& remember) {
    full_ = true;
    for (;;) {
      bool const any = find_weakest(looked);
      order& main = probation_.empty() ? protected_ : probation_;
      if (window_.empty() || (window_size_ < room() && any)) return main.take_oldest();
      std::uint64_t const generation = window_.begin()->first;
      key const candidate = take_oldest_of_window();
      if (look(candidate, looked) && last_[candidate] != generation) {
        enter(candidate, last_[candidate]);
        continue;
      }
      if (knows_ghosts() && late_[candidate]) {
        probation_.add_newest(candidate);
        continue;
      }
      if (any && (setting_.rule == leaving::always ||
                  (setting_.rule != leaving::visited && more_frequent(candidate, main.oldest())))) {
        key const out = main.take_oldest();
        probation_.add_newest(candidate);
        return out;
      }
      if (setting_.rule != leaving::always) remember(candidate);
      return candidate;
    }
  }

 private:
  /// After the last of its generation; a new one begins when a sixth have come and the oldest of eight is gone.
  void enter(key k, std::uint64_t generation) {
    window_[generation].push_back(k);
    in_window_[k] = true;
    ++window_size_;
    if (++came_ < (full_ ? room() : capacity_) / 6) return;
    if (window_.begin()->first + 7 <= now_) return;
    ++now_;
    came_ = 0;
  }
  key take_oldest_of_window() {
    auto const first = window_.begin();
    key const k = first->second.front();
    first->second.pop_front();
    if (first->second.empty()) window_.erase(first);
    in_window_[k] = false;
    --window_size_;
    return k;
  }
  [[nodiscard]] std::size_t room() const { return std::max<std::size_t>(size() * setting_.window / 100, 1); }
  template <class Looked>
  bool look(key k, Looked& looked) {
    if (uses_[k] == 0) return false;
    looked(k, uses_[k]);
    uses_[k] = 0;
    return true;
  }
  /// Until the oldest of the main part was not used. \returns whether there is one
  template <class Looked>
  bool find_weakest(Looked& looked) {
    while (!probation_.empty()) {
      key const k = probation_.oldest();
      if (!look(k, looked)) return true;
      protected_.add_newest(probation_.take_oldest());
      demote(looked);
    }
    while (!protected_.empty() && look(protected_.oldest(), looked)) protected_.renew(protected_.oldest());
    return !protected_.empty();
  }
  template <class Looked>
  void demote(Looked& looked) {
    while (protected_.size() * 5 > (size() - room()) * 4) {
      if (look(protected_.oldest(), looked))
        protected_.renew(protected_.oldest());
      else
        probation_.add_newest(protected_.take_oldest());
    }
  }

  setting setting_;
  std::size_t capacity_, came_ = 0;
  bool full_ = false;
  std::map<std::uint64_t, std::deque<key>> window_;  // by the generation
  std::size_t window_size_ = 0;
  std::vector<bool> in_window_;
  order probation_, protected_;
  std::vector<unsigned> uses_;
  std::vector<bool> late_;
  std::vector<std::uint16_t> arrival_;
  std::vector<std::uint64_t> last_;
  std::uint64_t now_ = 0;
  std::uint16_t arrivals_ = 0;
};

/// Eight such structures over a sample of the keys; the real one has the setting of the one that answered most.
class adaptive_model : public model {
  auto frequent() {
    return [this](key a, key b) {
      unsigned const asked = sketch_.estimate(short_hash(a));
      if (asked > sketch_.estimate(short_hash(b))) return true;
      return asked >= 6 && (random_ = random_ * 6364136223846793005U + 1442695040888963407U) >> 57U == 0;
    };
  }
  // Keys of the sample are counted at once, the others when somebody looks.
  auto looked() {
    return [this](key k, unsigned uses) {
      if (!sampled(k) && full_) sketch_.count(short_hash(k), uses);
    };
  }

 public:
  adaptive_model(std::size_t capacity, std::size_t keys)
      : model{capacity}, real_{choices[first(capacity)], capacity, keys}, sketch_{capacity}, ghosts_{capacity} {
    one_of_ = capacity < 1'000 ? 1 : 16;
    while (capacity / one_of_ > (capacity < 1'000 ? 256 : capacity < 8'192 ? 512 : 128)) one_of_ *= 2;
    std::size_t const each = std::max<std::size_t>(capacity / one_of_, 1);
    for (auto const& choice : choices) {
      shadows_.emplace_back(choice, each, keys);
      shadow_ghosts_.emplace_back(shadows_.back().knows_ghosts() ? each : 0);
    }
    shadow_capacity_ = each;
  }
  bool request(key k) {
    bool const hit = real_.has(k);
    if (hit) {
      real_.hit(k);
      if (!sampled(k) || quiet_.contains(k)) return true;
      bool const enough = asked_alone_ == shadow_capacity_ * 4;  // nobody has come for long
      if (enough)
        missed_ = true;
      else
        ++asked_alone_;
      if ((enough || ask_shadows(k)) && silent_ < 512) {
        quiet_.insert(k);
        ++silent_;
      }
      return true;
    }
    asked_alone_ = 0;
    if (missed_) {  // who has gone and come again is in the list twice
      quiet_.clear();
      silent_ = 0;
      missed_ = false;
    }
    quiet_.erase(k);
    if (real_.size() == capacity_) {
      full_ = true;
      real_.set(choices[leader_]);
      evicted_ = real_.take_victim(looked(), frequent(), [&](key gone) { ghosts_.remember(short_hash(gone)); });
    }
    real_.insert(k, real_.knows_ghosts() && ghosts_.take(short_hash(k)), looked());
    full_ = full_ || real_.size() * 2 >= capacity_;
    if (sampled(k))
      ask_shadows(k);
    else if (full_)
      sketch_.count(short_hash(k));
    return false;
  }

 private:
  using leaving = strata::hot::engine::leaving;
  static constexpr segments_model::setting choices[] = {
      {1, leaving::frequent}, {20, leaving::frequent}, {50, leaving::frequent}, {2, leaving::visited},
      {10, leaving::visited}, {25, leaving::visited},  {25, leaving::either},   {100, leaving::always},
  };

  static constexpr std::size_t first(std::size_t capacity) { return capacity < 4'096 ? 4 : 6; }
  [[nodiscard]] bool sampled(key k) const { return (short_hash(k) * 0x85EBCA6BU >> 9U) % one_of_ == 0; }
  /// \returns whether it changed nothing in any of them
  bool ask_shadows(key k) {
    if (full_) sketch_.count(short_hash(k));
    ++asked_;
    auto const nothing = [](key, unsigned) {};
    bool same = true;
    for (std::size_t s = 0; s < shadows_.size(); ++s) {
      segments_model& shadow = shadows_[s];
      if (shadow.has(k)) {
        same = shadow.hit(k) && same;
        ++answered_[s];
        continue;
      }
      missed_ = true;
      same = false;
      if (shadow.size() == shadow_capacity_)
        shadow.take_victim(nothing, frequent(), [&](key gone) { shadow_ghosts_[s].remember(short_hash(gone)); });
      shadow.insert(k, shadow_ghosts_[s].take(short_hash(k)), nothing);
    }
    if (++requests_ == std::max<std::size_t>(capacity_ / 4, 256) / one_of_) judge();
    return same;
  }
  void judge() {
    requests_ = 0;
    double worth[std::size(choices)];
    for (std::size_t s = 0; s < std::size(choices); ++s) {
      bool const risky = capacity_ >= 4'096 && choices[s].rule == leaving::frequent;
      worth[s] = answered_[s] - (risky ? 0.0002 * (100 - choices[s].window) * asked_ : 0);
    }
    auto const best = static_cast<std::size_t>(std::ranges::max_element(worth) - worth);
    if (worth[best] - worth[leader_] > patience_ * (0.002 * asked_ + 0.1 * std::sqrt(asked_))) {
      patience_ = std::min(patience_ * 1.2, 8.0);
      leader_ = best;
    }
    for (double& a : answered_) a *= 0.98;
    asked_ *= 0.98;
    patience_ = 1 + (patience_ - 1) * 0.995;
  }

  segments_model real_;
  strata::hot::engine::sketch sketch_;
  strata::hot::engine::ghosts ghosts_;
  std::vector<segments_model> shadows_;
  std::vector<strata::hot::engine::ghosts> shadow_ghosts_;
  std::size_t one_of_, shadow_capacity_ = 0, requests_ = 0, leader_ = first(capacity_);
  double answered_[std::size(choices)] = {};
  double asked_ = 0, patience_ = 1;
  std::uint64_t random_ = 1;
  bool full_ = false, missed_ = false;
  std::set<key> quiet_;  // not asked about
  std::size_t silent_ = 0, asked_alone_ = 0;
};

}  // namespace hit_ratio
