// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/json.hpp>
#include <strata/error.hpp>
#include <strata/knowledge/asset.hpp>
#include <strata/testing/laws/codec.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

// Codecs that are wrong on purpose, one mistake each, beside the law that must find it.
namespace wrong {

using asset = strata::knowledge_asset;
namespace law = strata::testing::law;

enum class mistake : std::uint8_t {
  none,
  loses_member,
  clears_output,
  differs_each_time,
  leaves_half,
  takes_nul,
  says_no_member,
  wrong_code,
  throws,
  believes_claims,
  loses_in_json
};
inline mistake made = mistake::none;
inline std::uint64_t allocated = 0;

struct codec {
  using value_type = asset;
  static constexpr std::string_view id = "wrong";
  static constexpr std::uint64_t fingerprint = 1;
  using right = strata::codec::json<asset>;

  strata::result<void> encode(asset const& value, std::string& out) const {
    if (made == mistake::clears_output) out.clear();
    if (made == mistake::takes_nul && value.data.contains('\0')) return right{}.encode(asset{}, out);
    auto done = right{}.encode(value, out);
    if (!done && made == mistake::leaves_half) out += "{\"id\":";
    if (!done && made == mistake::says_no_member)
      return strata::failure(strata::errc::rejected, strata::tier::none, "no");
    static int turn = 0;
    if (done && made == mistake::differs_each_time) out.append(static_cast<std::size_t>(++turn % 7), ' ');
    return done;
  }

  strata::result<asset> decode(std::string_view bytes) const {
    if (made == mistake::believes_claims && !bytes.empty() && bytes[0] != '{') allocated += 1U << 30U;
    auto read = right{}.decode(bytes);
    if (read && made == mistake::loses_member) read->version = 0;
    if (!read && made == mistake::throws) throw std::runtime_error{"cannot read this"};
    if (!read && made == mistake::wrong_code) return strata::failure(strata::errc::unavailable);
    return read;
  }

  strata::result<void> to_json(asset const& value, std::string& out) const { return right{}.encode(value, out); }
  strata::result<asset> from_json(std::string_view text) const {
    auto read = right{}.decode(text);
    if (read && made == mistake::loses_in_json) read->metadata.clear();
    return read;
  }
};

struct long_id : codec {
  static constexpr std::string_view id = "two words";
};

inline constexpr std::pair<mistake, std::string_view> expected[] = {
    {mistake::loses_member, law::round_trip},
    {mistake::clears_output, law::appends},
    {mistake::differs_each_time, law::same_bytes},
    {mistake::leaves_half, law::appends_nothing},
    {mistake::takes_nul, law::rejects_text},
    {mistake::says_no_member, law::rejection_named},
    {mistake::wrong_code, law::damage},
    {mistake::throws, law::no_throw},
    {mistake::believes_claims, law::memory},
    {mistake::loses_in_json, law::json_round_trip},
};

// The same for codecs of every described struct: what they make of bytes that another struct wrote.
enum class reading : std::uint8_t {
  right,
  stops_at_unknown,
  forgets_defaults,
  hides_the_member,
  cuts_numbers,
  any_depth
};
inline reading how = reading::right;

template <class T>
struct described {
  using value_type = T;
  static constexpr std::string_view id = "wrong";
  static constexpr std::uint64_t fingerprint = 1;
  using right = strata::codec::json<T>;

  strata::result<void> encode(T const& value, std::string& out) const {
    auto done = right{}.encode(value, out);
    if (!done && how == reading::any_depth) return {};
    return done;
  }
  strata::result<T> decode(std::string_view bytes) const {
    auto read = right{}.decode(bytes);
    if (how == reading::stops_at_unknown && bytes.contains("inner") && !requires(T const& v) { v.inner; })
      return strata::failure(strata::errc::corrupt, strata::tier::none, "inner: unknown");
    if constexpr (requires(T& v) { v.absent; })
      if (read && how == reading::forgets_defaults && !bytes.contains("absent")) read->absent.clear();
    if (!read && how == reading::hides_the_member && !read.error().text().contains("range"))
      return strata::failure(strata::errc::corrupt);
    if (!read && how == reading::cuts_numbers && read.error().text().contains("range")) return T{};
    return read;
  }
};

inline constexpr std::pair<reading, std::string_view> expected_readings[] = {
    {reading::stops_at_unknown, law::unknown_ignored}, {reading::forgets_defaults, law::missing_default},
    {reading::hides_the_member, law::wrong_type},      {reading::cuts_numbers, law::out_of_range},
    {reading::any_depth, law::bounded_depth},
};

}  // namespace wrong
