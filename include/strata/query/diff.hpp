// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/record.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What differs between two values, line by line, for people. Source of the algorithm: E. W. Myers, "An O(ND) Difference
// Algorithm and Its Variations", 1986. Its time and memory grow with the square of the number of differences, so beyond
// 1,000 of them all is said to differ.
namespace strata {

enum class alteration : std::uint8_t { kept, removed, added };

struct edit {
  alteration change;
  std::string line;
  friend bool operator==(edit const&, edit const&) = default;
};

/// One part of a value that differs: "kind", "text" or "metadata".
struct difference {
  std::string_view name;
  std::vector<edit> edits;
};

namespace detail {

inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    auto const end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// A JSON object, one member a line: cut at the commas that stand in the object itself.
inline std::vector<std::string_view> members_of(std::string_view json) {
  std::vector<std::string_view> members;
  int depth = 0;
  bool quoted = false;
  std::size_t from = 0;
  auto const take = [&](std::size_t to) {
    auto member = json.substr(from, to - from);
    while (member.starts_with(' ')) member.remove_prefix(1);
    if (!member.empty()) members.push_back(member);
    from = to + 1;
  };
  for (std::size_t i = 0; i < json.size(); ++i) {
    char const c = json[i];
    if (c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == '{' || c == '[')) {
      if (++depth == 1) from = i + 1;
    } else if (!quoted && (c == '}' || c == ']')) {
      if (--depth == 0) take(i);
    } else if (!quoted && c == ',' && depth == 1)
      take(i);
  }
  return members;
}

using lines = std::vector<std::string_view>;

/// The edits that turn one into the other, the fewest there are.
inline std::vector<edit> edits_between(lines const& from, lines const& to) {
  static constexpr std::ptrdiff_t most = 1'000;
  auto const n = std::ssize(from), m = std::ssize(to);
  auto const at = [](lines const& all, std::ptrdiff_t i) { return all[static_cast<std::size_t>(i)]; };
  // reach[d][k + d]: how far in `from` d edits lead that remove k lines more than they add.
  std::vector<std::vector<std::ptrdiff_t>> reach;
  auto const before = [&](std::ptrdiff_t d, std::ptrdiff_t k) {  // the last edit's diagonal
    if (k == -d) return k + 1;
    if (k == d) return k - 1;
    auto const& last = reach[static_cast<std::size_t>(d - 1)];
    return last[static_cast<std::size_t>(k - 1 + d - 1)] < last[static_cast<std::size_t>(k + 1 + d - 1)] ? k + 1
                                                                                                         : k - 1;
  };
  auto const start = [&](std::ptrdiff_t d, std::ptrdiff_t k) {
    if (d == 0) return std::ptrdiff_t{0};
    auto const b = before(d, k);
    return reach[static_cast<std::size_t>(d - 1)][static_cast<std::size_t>(b + d - 1)] + (b < k ? 1 : 0);
  };
  bool met = false;
  for (std::ptrdiff_t d = 0; !met && d <= std::min(n + m, most); ++d) {
    std::vector<std::ptrdiff_t> now(static_cast<std::size_t>(2 * d + 1));
    for (auto k = -d; !met && k <= d; k += 2) {
      auto x = start(d, k);
      while (x < n && x - k < m && x - k >= 0 && at(from, x) == at(to, x - k)) ++x;
      now[static_cast<std::size_t>(k + d)] = x;
      met = x >= n && x - k >= m;
    }
    reach.push_back(std::move(now));
  }

  std::vector<edit> all;
  if (!met) {
    for (auto const line : from) all.push_back({alteration::removed, std::string{line}});
    for (auto const line : to) all.push_back({alteration::added, std::string{line}});
    return all;
  }
  auto x = n, k = n - m;
  for (auto d = std::ssize(reach) - 1; d >= 0; --d) {
    auto const first = start(d, k);
    while (x > first) all.push_back({alteration::kept, std::string{at(from, --x)}});
    if (d == 0) break;
    auto const b = before(d, k);
    if (b < k)
      all.push_back({alteration::removed, std::string{at(from, --x)}});
    else
      all.push_back({alteration::added, std::string{at(to, x - k - 1)}});
    k = b;
  }
  std::ranges::reverse(all);
  return all;
}

}  // namespace detail

/// What differs between two values in the parts that record<T> tells of; nothing where they are equal in them.
/// \complexity O((N + D) D) for N lines with D differences, of which 1,000 are looked for
template <class T>
std::vector<difference> diff(T const& from, T const& to) {
  std::vector<difference> all;
  auto const compare = [&](std::string_view name, auto&& part, auto&& cut) {
    std::string const a{part(from)}, b{part(to)};
    if (a != b) all.push_back({name, detail::edits_between(cut(a), cut(b))});
  };
  compare("kind", [](T const& v) -> std::string_view { return record<T>::kind(v); }, detail::lines_of);
  if constexpr (requires {
                  { record<T>::text(from) } -> std::convertible_to<std::string_view>;
                })
    compare("text", [](T const& v) -> std::string_view { return record<T>::text(v); }, detail::lines_of);
  if constexpr (requires {
                  { record<T>::metadata(from) } -> std::convertible_to<std::string_view>;
                })
    compare("metadata", [](T const& v) { return std::string{record<T>::metadata(v)}; }, detail::members_of);
  return all;
}

}  // namespace strata
