// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cache.hpp>
#include <strata/concepts/explain/visit_many.hpp>
#include <strata/flow/batch.hpp>
#include <strata/many_keys.hpp>
#include <strata/receipt.hpp>

#include <range/v3/range/concepts.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// The verbs for many keys: get_many, visit_many, put_many, erase_many, and their co_ forms. A header of its own, because
// ranges cost a compiler more than the rest of the cache together.
namespace strata::flow {

/// The batch verbs over one range: of keys for get, visit and erase; of values that know their key, or of (key, value)
/// pairs, for put.
template <class Range>
struct batch {
  static constexpr bool takes = ranges::input_range<Range>;

  /// Whether keys can be made of what is in the range; says so where not.
  template <class Key>
  static consteval bool explain_keys() {
    constexpr bool made = std::is_constructible_v<Key, ranges::range_reference_t<Range>&>;
    static_assert(made,
                  "strata::cache: get_many and erase_many take keys, and of what this range has no key can be made. "
                  "Give it keys.");
    return made;
  }

  /// One (key, answer) per key, in the order asked.
  template <class Core>
  static task<std::vector<std::pair<typename Core::key_type, typename Core::answer>>> get(Core& core, Range& keys,
                                                                                          read_options how,
                                                                                          moment until) {
    using key_type = typename Core::key_type;
    using answer = typename Core::answer;
    std::vector<std::pair<key_type, answer>> all;
    // Elsewhere that would run the caller's code once more, as a filter's.
    if constexpr (ranges::contiguous_range<Range>)
      if constexpr (std::is_same_v<ranges::range_value_t<Range>, key_type>)
        for (key_type const& one : keys) hasher<key_type>::prefetch(one);
    if constexpr (ranges::sized_range<Range>) all.reserve(ranges::size(keys));
    if constexpr (explain_keys<key_type>())
      for (auto&& one : keys)
        all.emplace_back(std::piecewise_construct,
                         std::forward_as_tuple(strata::detail::taken<Range, key_type, decltype(one)>(one)),
                         std::tuple<>{});
    std::vector<typename Core::hashed_key> asked;
    asked.reserve(all.size());
    for (auto const& one : all) asked.push_back(core.hash(one.first));
    core.recall_many(asked, how, [&](std::size_t i, auto const& kept, freshness state) noexcept {
      std::construct_at(&all[i].second, kept, tier::hot, state);
    });
    std::vector<std::size_t> missed;
    std::vector<typename Core::hashed_key> below;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].second) {
        core.tell_hit(tier::hot);
        continue;
      }
      missed.push_back(i);
      below.push_back(asked[i]);
    }
    if (missed.empty()) co_return all;
    co_await read_below(core, std::span<typename Core::hashed_key const>{below}, how, until,
                        [&](std::size_t n, answer&& found) noexcept { all[missed[n]].second = std::move(found); });
    co_return all;
  }

  /// f(key, value) for each that is there. What memory has is shown at once, and only what it has not is written down.
  template <class Core, class F>
  static result<std::size_t> visit(Core& core, Range& keys, F& f, read_options how, moment until) {
    using key_type = typename Core::key_type;
    using hashed_keys = std::span<typename Core::hashed_key const>;
    if constexpr (explain_visit_many<Range, ranges::forward_range<Range>, ranges::range_reference_t<Range>, key_type,
                                     typename Core::value_type, F>()) {
      std::size_t shown = 0;
      std::vector<typename Core::hashed_key> missed;
      auto const hash = [&](key_view<key_type> key) { return core.hash(key); };
      strata::detail::in_pieces<key_type>(keys, hash, [&](hashed_keys some) {
        std::uint64_t const there = show_many(core, some, how, f);
        shown += static_cast<std::size_t>(std::popcount(there));
        for (std::size_t i = 0; i < some.size(); ++i)
          if ((there >> i & 1U) == 0) missed.push_back(some[i]);
      });
      if (missed.empty()) return shown;
      std::optional<error> fault;
      auto const show = [&](std::size_t i, typename Core::answer const& found) {
        if (found) {
          f(missed[i].key, *found);
          ++shown;
        } else if (found.failed() && !fault) {
          fault = found.error();
        }
      };
      read_below(core, hashed_keys{missed}, how, until, show).run();
      if (fault) return std::unexpected{std::move(*fault)};
      return shown;
    }
    return failure(errc::unsupported);
  }

  /// One receipt per value, in the order given. Of several values for one key the last wins.
  template <class Core>
  static task<std::vector<result<receipt>>> put(Core& core, Range& values, moment until, lifetime life = {}) {
    using value_type = typename Core::value_type;
    using key_type = typename Core::key_type;
    std::vector<std::pair<key_type, value_type>> given;
    for (auto&& one : values) {
      if constexpr (keyed<value_type> && requires { value_type(one); })
        given.emplace_back(key_type(record<value_type>::key(one)), std::forward<decltype(one)>(one));
      else if constexpr (requires { one.first; })
        given.emplace_back(key_type(one.first), std::forward<decltype(one)>(one).second);
      else if constexpr (requires { std::get<1>(one); })  // what zip makes of keys and values is a tuple
        given.emplace_back(key_type(std::get<0>(one)), std::get<1>(std::forward<decltype(one)>(one)));
      else
        static_assert(fits_here<decltype(one)>,
                      "strata::cache: put_many takes values that know their key, or pairs of a key and a value, and "
                      "this range has neither. Give it such, as std::views::zip makes them of two ranges.");
    }
    auto const inside = core.enter();
    if (!inside) co_return std::vector<result<receipt>>(given.size(), std::unexpected{inside.error()});
    std::vector<std::pair<typename Core::hashed_key, value_type>> all;
    all.reserve(given.size());
    for (auto& [key, value] : given) all.emplace_back(core.hash(key), std::move(value));
    batch_outcome done{all.size()};
    try {
      for (std::size_t from = 0; from < all.size(); from += most_at_once)
        co_await write_many(core, std::span{all}.subspan(from, std::min(most_at_once, all.size() - from)), from, done,
                            until, life);
    } catch (...) {
      if (done.tried) co_return std::move(done.receipts);
      throw;
    }
    co_return std::move(done.receipts);
  }

  /// One receipt per key, in the order given.
  template <class Core>
  static task<std::vector<result<receipt>>> erase(Core& core, Range& keys, moment until) {
    std::vector<typename Core::key_type> all;
    if constexpr (explain_keys<typename Core::key_type>())
      for (auto&& one : keys) all.emplace_back(one);
    batch_outcome done{all.size()};
    try {
      for (std::size_t i = 0; i < all.size(); ++i) done.set(i, co_await serve_erase(core, core.hash(all[i]), until));
    } catch (...) {
      if (done.tried) co_return std::move(done.receipts);
      throw;
    }
    co_return std::move(done.receipts);
  }
};

}  // namespace strata::flow
