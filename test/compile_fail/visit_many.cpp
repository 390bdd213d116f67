// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/batch.hpp>
#include <strata/local.hpp>

#include "pieces.hpp"

#include <range/v3/view/istream.hpp>

#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using cache = strata::cache<pieces::policy<pieces::hot>, strata::none, strata::none, pieces::memory>;
using local = strata::local_cache<std::string, pieces::asset>;
using words = ranges::istream_view<std::string>;
using std_words = std::ranges::istream_view<std::string>;
using texts = std::vector<std::string>;

constexpr auto look = [](std::string_view, pieces::asset const&) {};
constexpr auto change = [](std::string_view, WRONG_OR_RIGHT(pieces::asset&, pieces::asset const&)) {};
constexpr auto deaf = [](WRONG_OR_RIGHT(int, std::string_view), pieces::asset const&) {};
constexpr auto made = [](std::string const& of) -> WRONG_OR_RIGHT(std::string, std::string const&) { return of; };

// In this order: compilers look into local_cache and into the verb first, and into what a cache does for it last.
// first error: strata, visit_many(keys, f): this range can be gone through only once
auto once(local& c, WRONG_OR_RIGHT(std_words, texts) keys) { return c.visit_many(std::move(keys), look); }
// next error: strata, visit_many(keys, f): what this range gives is no key, or one that is made for each look
auto gone(local& c, texts const& keys) { return c.visit_many(keys | std::views::transform(made), look); }
// next error: strata, visit_many(keys, f): f cannot be called as f(key, value const&).
auto hears(local& c, std::vector<std::string_view> const& keys) { return c.visit_many(keys, deaf); }
// next error: strata::local_cache: get_many, visit_many and erase_many take a range of keys
auto one(local& c) { return c.visit_many(WRONG_OR_RIGHT(7, texts{"seven"}), look); }

// next error: strata::cache: get_many, visit_many, put_many and erase_many take a range.
auto one(cache& c) { return c.visit_many(WRONG_OR_RIGHT(7, texts{"seven"}), look); }
// next error: strata, visit_many(keys, f): this range can be gone through only once
auto once(cache& c, WRONG_OR_RIGHT(words, texts) keys) { return c.visit_many(keys, look); }
// next error: strata, visit_many(keys, f): what this range gives is no key, or one that is made for each look
auto numbers(cache& c, std::vector<WRONG_OR_RIGHT(int, std::string)> const& keys) { return c.visit_many(keys, look); }
// next error: strata, visit_many(keys, f): f cannot be called as f(key, value const&).
auto changes(cache& c, std::vector<std::string_view> const& keys) { return c.visit_many(keys, change); }
