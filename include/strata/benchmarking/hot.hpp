// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/context.hpp>
#include <strata/hash.hpp>
#include <strata/hit.hpp>
#include <strata/none.hpp>
#include <strata/options.hpp>
#include <strata/run/clock.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The standard benchmarks of a hot tier, for policies and for peers alike: same keys in the same order, made before the
// clock starts; same values; a hit rate and a checksum beside each figure. Knows no framework: benchmarking/google.hpp
// runs it under Google Benchmark.
namespace strata::benchmarking {

/// What all of them hold: 64 bytes, the first eight of which go into the checksum.
struct payload {
  std::array<std::uint64_t, 8> words{};
};

/// What is done. Capacity is 1,000 entries where nothing else is said; all tiers are full before the clock starts. With
/// more entries, visit, get, many and get_many ask for each key as often as for any other: most come from far memory.
enum class hot_work : std::uint8_t {
  visit,     ///< reads a value in place; 1,000 keys, Zipf 0.99, all there
  get,       ///< the same, and takes a share of the value
  miss,      ///< visits keys that are not there
  put,       ///< installs a new value: half replace, half evict
  zipf10,    ///< visits, and puts what was not there; 10,000 keys, Zipf 0.99
  many,      ///< visits 64 keys with one call
  get_many,  ///< the same, and takes a share of each value
};
inline constexpr std::size_t hot_batch = 64;
constexpr std::string_view to_string(hot_work work) noexcept {
  switch (work) {
    case hot_work::visit: return "visit";
    case hot_work::get: return "get";
    case hot_work::miss: return "miss";
    case hot_work::put: return "put";
    case hot_work::zipf10: return "zipf10";
    case hot_work::many: return "many";
    case hot_work::get_many: return "get_many";
  }
  return "";
}

/// What can be measured. A peer is a class like policy_subject below; one that is not thread-safe says so. It may say with
/// `static constexpr bool does(hot_work)` what it cannot do; `many` wants visit_many(first, sum), `get_many` a member of that
/// name alike: they read the 64 keys from there on, and give how many were there. settle(), where it has one, is called once
/// all is put, and waits for what happens only after the start.
template <class S, class Key>
concept hot_subject = requires(S s, Key const& key, payload const& value, std::uint64_t revision, std::uint64_t& sum) {
  S{std::size_t{1'000}};
  { s.visit(key, sum) } -> std::same_as<bool>;
  { s.get(key, sum) } -> std::same_as<bool>;
  s.put(key, revision, value);
  { S::threads } -> std::convertible_to<bool>;
};
template <class S, class Key>
consteval bool hot_subject_does(hot_work work) {
  if (work == hot_work::many && !requires(S s, Key const* keys, std::uint64_t& sum) { s.visit_many(keys, sum); })
    return false;
  if (work == hot_work::get_many && !requires(S s, Key const* keys, std::uint64_t& sum) { s.get_many(keys, sum); })
    return false;
  if constexpr (requires { S::does(work); })
    return S::does(work);
  else
    return true;
}

inline constexpr std::size_t hot_capacity = 1'000;

/// Keys 15 to 31 bytes long, or numbers; and the orders in which they are asked for.
template <class Key>
struct hot_keys {
  static constexpr std::size_t different = 20'000;
  static constexpr std::size_t asked = std::size_t{1} << 16U;

  std::vector<Key> keys;
  std::vector<std::uint32_t> zipf_hot, zipf_wide;  // over the first 1,000 and the first 10,000
  std::vector<std::uint32_t> even;                 // over the first 2,000, each as often as any other

  hot_keys() {
    std::mt19937_64 random{42};
    for (std::size_t i = 0; i < different; ++i) keys.push_back(name(i));
    std::ranges::shuffle(keys, random);
    zipf_hot = zipf(1'000, random);
    zipf_wide = zipf(10'000, random);
    for (std::size_t i = 0; i < asked; ++i) even.push_back(static_cast<std::uint32_t>(random() % (2 * hot_capacity)));
  }

  /// Once, for all subjects.
  static hot_keys const& made() {
    static hot_keys const all;
    return all;
  }
  static Key name(std::size_t i) {
    if constexpr (std::integral<Key>)
      return static_cast<Key>(i) * 0x9E3779B97F4A7C15U;
    else
      return "template-" + std::to_string(100'000 + i) + std::string(i % 17, '-');
  }

 private:
  static std::vector<std::uint32_t> zipf(std::size_t n, std::mt19937_64& random) {
    std::vector<double> until(n);
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) until[i] = sum += 1 / std::pow(static_cast<double>(i + 1), 0.99);
    std::uniform_real_distribution<double> even{0, sum};
    std::vector<std::uint32_t> order(asked);
    for (auto& o : order) {
      auto const at = std::ranges::lower_bound(until, even(random)) - until.begin();
      o = static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(at, static_cast<std::ptrdiff_t>(n) - 1));
    }
    return order;
  }
};

/// Many keys, as often as each other. They are put in the order of their numbers, and asked for in one that has nothing to
/// do with it: else who keeps entries as they came reads one beside the other, and never from far away.
template <class Key>
struct many_hot_keys {
  std::vector<Key> keys;

  explicit many_hot_keys(std::size_t entries) {
    std::mt19937_64 random{43};
    keys.reserve(entries + hot_batch);
    for (std::size_t i = 0; i < entries; ++i) keys.push_back(hot_keys<Key>::name(i));
    std::ranges::shuffle(keys, random);
    for (std::size_t i = 0; i < hot_batch; ++i) keys.push_back(keys[i]);  // where a batch runs over the end
  }
  /// Made once, for all subjects.
  static many_hot_keys const& of(std::size_t entries) {
    static std::map<std::size_t, many_hot_keys> made;
    return made.try_emplace(entries, entries).first->second;
  }
};

/// What one thread did.
struct hot_tally {
  std::uint64_t operations = 0;
  std::uint64_t hits = 0;
  std::uint64_t sum = 0;
};

/// One subject under one kind of work.
template <class Key, hot_subject<Key> Subject>
class hot_bench {
 public:
  explicit hot_bench(std::size_t entries = hot_capacity)
      : far_{entries == hot_capacity ? nullptr : &many_hot_keys<Key>::of(entries)}, subject_{entries} {
    for (std::size_t i = 0; i < entries; ++i)
      subject_.put(far_ == nullptr ? all_.keys[i] : hot_keys<Key>::name(i), 1, made_of(i));
    if constexpr (requires { subject_.settle(); }) subject_.settle();
  }

  /// One operation of one of several threads. The work is a constant, so that nothing is decided inside the loop; and all
  /// of it is in line, as the calls of all subjects are, so that what was done is counted in registers. With a count in
  /// memory subjects that lock took three times as long and others did not, as if the next key waited for the last call's
  /// locked instruction; and whether it was there the compiler chose for each.
  template <hot_work Work>
  [[gnu::always_inline]] void step(hot_tally& mine, std::size_t thread) {
    if constexpr (Work == hot_work::many) {
      mine.hits += subject_.visit_many(&next(mine, thread, hot_batch), mine.sum);
    } else if constexpr (Work == hot_work::get_many) {
      mine.hits += subject_.get_many(&next(mine, thread, hot_batch), mine.sum);
    } else if constexpr (Work == hot_work::visit || Work == hot_work::get) {
      Key const& key = next(mine, thread, 1);
      mine.hits += Work == hot_work::visit ? subject_.visit(key, mine.sum) : subject_.get(key, mine.sum);
    } else {
      std::size_t const at = (mine.operations++ + thread * 7'919) % hot_keys<Key>::asked;
      if constexpr (Work == hot_work::miss) {
        mine.hits += subject_.visit(all_.keys[10'000 + all_.zipf_wide[at]], mine.sum);
      } else if constexpr (Work == hot_work::put) {
        std::size_t const i = all_.even[at];
        subject_.put(all_.keys[i], 1 + mine.operations, made_of(i));
        mine.sum += i;
      } else {
        std::size_t const i = all_.zipf_wide[at];
        if (subject_.visit(all_.keys[i], mine.sum))
          ++mine.hits;
        else
          subject_.put(all_.keys[i], 1 + mine.operations, made_of(i));
      }
    }
  }

 private:
  /// The key that is asked for next, of `count`.
  Key const& next(hot_tally& mine, std::size_t thread, std::size_t count) const noexcept {
    std::size_t const done = mine.operations + thread * 7'919;
    mine.operations += count;
    if (far_ != nullptr) [[unlikely]]
      return far_->keys[done % (far_->keys.size() - hot_batch)];
    return all_.keys[all_.zipf_hot[done % hot_keys<Key>::asked]];
  }
  static payload made_of(std::size_t i) noexcept { return {{i}}; }

  hot_keys<Key> const& all_ = hot_keys<Key>::made();
  many_hot_keys<Key> const* far_;  // null: of the first thousand
  Subject subject_;
};

/// A hot policy of Strata's or of yours, as the cache calls it: hash once, then the tier.
template <class Policy, class Key>
class policy_subject {
  using codec_type = codec::none<payload, Key>;
  using around = hot_context<context<monotonic_clock, no_observer, codec_type>, Key>;
  using tier_type = typename Policy::template tier<Key, payload, around>;
  static constexpr auto ignore = [](std::size_t, box<payload> const&) {};

 public:
  static constexpr bool threads = true;

  explicit policy_subject(std::size_t capacity) : tier_{bound(capacity), around{{clock_, observer_, codec_}, hash_}} {}

  [[gnu::always_inline]] bool visit(Key const& key, std::uint64_t& sum) {
    return tier_.find(hash_(key), [&](box<payload> const& b) { sum += b.value().words[0]; });
  }
  [[gnu::always_inline]] bool get(Key const& key, std::uint64_t& sum) {
    hit<payload> found;
    if (!tier_.find(hash_(key), [&](auto const& b) { std::construct_at(&found, b, strata::tier::hot); })) return false;
    sum += found->words[0];
    return true;
  }
  std::size_t visit_many(Key const* first, std::uint64_t& sum)
    requires requires(tier_type& t, std::span<hashed<Key> const> some) { t.find_many(some, ignore); }
  {
    std::array<hashed<Key>, hot_batch> asked;
    for (std::size_t i = 0; i < hot_batch; ++i) hash_.prefetch(first[i]);
    for (std::size_t i = 0; i < hot_batch; ++i) asked[i] = hash_(first[i]);
    return tier_.find_many(asked, [&](std::size_t, box<payload> const& b) { sum += b.value().words[0]; });
  }
  void put(Key const& key, std::uint64_t revision, payload const& value) {
    (void)tier_.install(hash_(key), {strata::revision{revision}, value});
  }

 private:
  static auto bound(std::size_t capacity) {
    typename Policy::options o{};
    o.capacity_entries = capacity;
    return o;
  }

  [[no_unique_address]] monotonic_clock clock_{};
  [[no_unique_address]] no_observer observer_{};
  [[no_unique_address]] codec_type codec_{};
  hasher<Key> hash_{1};
  tier_type tier_;
};

}  // namespace strata::benchmarking
