// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/hot.hpp>
#include <strata/hash.hpp>
#include <strata/testing/laws/hot_values.hpp>
#include <strata/testing/parallel.hpp>
#include <strata/testing/report.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <format>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

// T4: many threads on one hot tier. Each value says which key, writer and operation it is of and carries a sum of that, so
// that a mix-up, a torn value or one that came back shows itself in the read:
//   P7  what is read was written to that key, whole
//   P2  a key's revisions never go down for one thread,
//   P3  nor below what was installed or erased before the read began
//   P9  the bounds hold at every moment
// A tier that has evicted a key would take an older box again; what forbids it is the cache, which installs under the
// key's own lock and nothing older than its floor. The same stands here in front of the tier.
namespace strata::testing {

struct history_bounds {
  std::size_t entries = 1'000;
  std::size_t keys = 2'000;
  std::uint64_t operations = 1'000'000;  ///< of all threads together
  std::size_t threads = 16;
  std::uint64_t seed = 1;
};

/// Written once, never changed: any thread can tell whether it is whole. It stands in its box.
struct signed_value {
  std::uint64_t key, writer, operation, revision, sum;

  static signed_value make(std::uint64_t key, std::uint64_t writer, std::uint64_t operation,
                           std::uint64_t revision) noexcept {
    return {key, writer, operation, revision, add_up(key, writer, operation, revision)};
  }
  [[nodiscard]] bool whole() const noexcept { return sum == add_up(key, writer, operation, revision); }

 private:
  static std::uint64_t add_up(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) noexcept {
    using strata::detail::fold;
    return fold(a + 0x9E3779B97F4A7C15U, fold(b + 0xBF58476D1CE4E5B9U, fold(c + 1, d + 0x94D049BB133111EBU)));
  }
};

/// The same in a box that is counted: no plain bits, by its destructor.
struct counted_value : signed_value {
  ~counted_value() {}  // NOLINT(modernize-use-equals-default)
};

namespace hot_law {
inline constexpr std::string_view whole = "what is read was written to that key, whole";
inline constexpr std::string_view forward = "revisions read never go down, nor below what was done before the read";
inline constexpr std::string_view within = "the bounds hold at every moment";
inline constexpr std::string_view intact = "after all threads have ended the structure is sound";
}  // namespace hot_law

/// Lets many threads read, install, erase, peek, clear, list and drain at random, and checks every read. One of them
/// resizes meanwhile, so that half of the times a tier has to grow beyond what it ever had room for.
template <class Policy, class Value = counted_value, reporter Report>
void hot_history(Report&& report, history_bounds const bounds) {
  using context = bare_context<Value, std::string>;
  using tier_type = typename Policy::template tier<std::string, Value, context>;
  struct row {
    std::string name;
    std::mutex lock;                      // orders the writes of the key, as the cache's does
    std::uint64_t assigned = 0;           // under the lock
    std::atomic<std::uint64_t> floor{0};  // no read that begins now may see less
  };
  struct findings {
    std::uint64_t reads = 0, hits = 0, broken = 0, backward = 0, beyond = 0;
  };

  constexpr bool resizes = requires(tier_type& t) { t.resize(std::size_t{1}); };
  constexpr std::uint64_t sizes = 64;
  typename Policy::options settings{};
  settings.capacity_entries = resizes ? (bounds.entries + 1) / 2 : bounds.entries;
  hasher<std::string> const hash{bounds.seed};
  tier_type tier{settings, context{hash}};
  std::vector<row> rows(bounds.keys);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].name = std::format("key-{}{:.>{}}", i, "", i % 40);
  std::vector<findings> found(bounds.threads);

  auto const live = [&](std::size_t me) {
    findings mine;
    std::mt19937_64 random{bounds.seed * 1'000 + me};
    std::vector<std::uint64_t> seen(rows.size());
    std::uint64_t sized = 1;
    auto const look = [&](std::size_t i, bool leave_no_trace) {
      row& r = rows[i];
      std::uint64_t const floor = r.floor.load();
      auto const judge = [&](box<Value> const& b) {
        signed_value const& v = b.value();
        mine.broken += v.key != i || !v.whole() || v.revision != number(b.revision());
        mine.backward += v.revision < seen[i] || v.revision < floor;
        seen[i] = v.revision;
        ++mine.hits;
      };
      ++mine.reads;
      auto const k = hash(r.name);
      if (leave_no_trace)
        (void)tier.peek(k, judge);
      else
        (void)tier.find(k, judge);
    };
    for (std::uint64_t n = me; n < bounds.operations; n += bounds.threads) {
      std::uint64_t const word = random();
      std::size_t const i = word % ((word >> 40U) % 2 == 0 ? rows.size() : rows.size() / 16 + 1);
      row& r = rows[i];
      switch ((word >> 48U) % 64) {
        case 0:
        case 1:
        case 2:
        case 3:
        case 4:
        case 5:
        case 6:
        case 7: {
          {
            std::lock_guard const held{r.lock};
            std::uint64_t const revision = ++r.assigned;
            (void)tier.install(hash(r.name),
                               {strata::revision{revision}, Value{signed_value::make(i, me, n, revision)}});
            r.floor.store(revision);
          }
          look(i, false);
          break;
        }
        case 8:
        case 9: {
          {
            std::lock_guard const held{r.lock};
            std::uint64_t const revision = ++r.assigned;
            (void)tier.erase(hash(r.name), strata::revision{revision});
            r.floor.store(revision);
          }
          look(i, true);
          break;
        }
        case 10: look(i, true); break;
        case 11:
          if (n % 1'024 != 0) break;
          if constexpr (requires { tier.drain_uses([](std::string_view, std::uint64_t) {}); })
            tier.drain_uses([](std::string_view, std::uint64_t) {});
          if constexpr (requires { tier.keys([](std::string_view) {}); }) tier.keys([](std::string_view) {});
          break;
        case 12:
          if (n % 8'192 == 0) tier.clear();
          break;
        default: look(i, false);
      }
      if (n % 16 == 0) mine.beyond += tier.entries() > bounds.entries;
      if constexpr (resizes)
        if (me == 0 && n >= sized * bounds.operations / sizes) {
          std::size_t const half = bounds.entries / 2;
          ++sized;
          tier.resize(sized % 2 == 0 ? bounds.entries - half + half * sized / sizes : half / 2 + 1);
        }
    }
    found[me] = mine;
  };
  in_parallel(bounds.threads, live);

  findings all;
  for (auto const& f : found) {
    all.reads += f.reads;
    all.hits += f.hits;
    all.broken += f.broken;
    all.backward += f.backward;
    all.beyond += f.beyond;
  }
  std::string const of = std::format(" of {} hits in {} reads, seed {}", all.hits, all.reads, bounds.seed);
  report(verdict{hot_law::whole, all.broken == 0 && all.hits > all.reads / 8, std::to_string(all.broken) + of});
  report(verdict{hot_law::forward, all.backward == 0, std::to_string(all.backward) + of});
  report(verdict{hot_law::within, all.beyond == 0, std::to_string(all.beyond) + " times beyond the bound"});
  if constexpr (requires { tier.valid(); }) report(verdict{hot_law::intact, tier.valid(), "it is not"});
}

}  // namespace strata::testing
