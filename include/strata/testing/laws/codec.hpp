// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/codec.hpp>
#include <strata/error.hpp>
#include <strata/record.hpp>
#include <strata/testing/report.hpp>

#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/define_struct.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <format>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// The laws of concepts/codec.hpp, checked on a codec from outside: it is asked to encode and decode, nothing is known
// of its bytes. codec_laws takes any codec; described_codec_laws one that claims every struct described with
// Boost.Hana.
namespace strata::testing {

namespace law {
inline constexpr std::string_view round_trip = "decode(encode(v)) equals v";
inline constexpr std::string_view appends = "encode appends to what is there";
inline constexpr std::string_view same_bytes = "equal values give equal bytes";
inline constexpr std::string_view appends_nothing = "encode appends nothing when it fails";
inline constexpr std::string_view rejects_text = "text with U+0000 or invalid UTF-8 is rejected";
inline constexpr std::string_view rejection_named = "a rejection names the member";
inline constexpr std::string_view damage = "damaged bytes give a value or corrupt";
inline constexpr std::string_view no_throw = "decode throws nothing";
inline constexpr std::string_view memory = "decode needs memory in proportion to its bytes";
inline constexpr std::string_view json_round_trip = "from_json(to_json(v)) equals v";
inline constexpr std::string_view plain_id = "the id is one word of printable ASCII";
inline constexpr std::string_view unknown_ignored = "unknown members are ignored";
inline constexpr std::string_view missing_default = "missing members keep their defaults";
inline constexpr std::string_view wrong_type = "a wrong type is corrupt and names the member";
inline constexpr std::string_view out_of_range = "a number out of range is corrupt and names the member";
inline constexpr std::string_view bounded_depth = "nesting beyond the limit is refused, up to it kept";
}  // namespace law

/// Says how many bytes have been allocated so far, counting up only; for law::memory. The default knows nothing.
struct unknown_memory {
  std::optional<std::uint64_t> operator()() const noexcept { return std::nullopt; }
};

namespace detail {

template <value_codec Codec, class Report, class Allocated>
class codec_checker {
 public:
  using value = typename Codec::value_type;

  codec_checker(Report& report, Allocated& allocated) : report_{report}, allocated_{allocated} {}

  void sample(value const& v) {
    std::string bytes;
    auto const encoded = codec_.encode(v, bytes);
    if (!encoded) return say(law::round_trip, false, std::format("encode: {}", encoded.error()));
    auto const decoded = decode(bytes);
    say(law::round_trip, decoded && *decoded && **decoded == v, decoded ? outcome(*decoded) : "it threw");

    std::string behind = "before";
    (void)codec_.encode(v, behind);
    say(law::appends, behind == "before" + bytes, std::format("{} bytes, not 6 + {}", behind.size(), bytes.size()));
    if (decoded && *decoded) {
      std::string again;
      (void)codec_.encode(**decoded, again);
      say(law::same_bytes, again == bytes, "encoded twice, it differs");
    }
    if constexpr (json_capable<Codec>) {
      std::string json;
      auto const written = codec_.to_json(v, json);
      auto const read = written ? codec_.from_json(json) : result<value>{std::unexpected{written.error()}};
      say(law::json_round_trip, read && *read == v, outcome(read));
    }
    poison(v);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) damaged(std::string_view{bytes}.substr(0, cut));
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      auto flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      damaged(flipped);
    }
  }

  void rubbish() {
    std::uint64_t state = 0x9E3779B97F4A7C15ULL;  // splitmix64, always the same bytes
    auto const next = [&state] {
      std::uint64_t z = state += 0x9E3779B97F4A7C15ULL;
      z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
      z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
      return z ^ (z >> 31U);
    };
    for (int i = 0; i < 2000; ++i) {
      std::string bytes(next() % 64, '\0');
      for (auto& b : bytes) b = static_cast<char>(next());
      damaged(bytes);
    }
  }

  void identity() {
    std::string_view const id = Codec::id;
    bool plain = !id.empty() && id.size() <= 32;
    for (char const c : id) plain = plain && c > ' ' && c < '\x7F';
    say(law::plain_id, plain, id);
  }

 private:
  // Each string member in turn gets a text that cannot be stored.
  void poison(value const& v) {
    if constexpr (described<value>) {
      for (std::string_view const bad :
           {std::string_view{"a\0b", 3}, std::string_view{"\xC3\x28"}, std::string_view{"\xED\xA0\x80"}}) {
        auto poisoned = v;
        strata::detail::each_member(poisoned, [&](std::string_view name, auto& member) {
          if constexpr (std::same_as<std::remove_cvref_t<decltype(member)>, std::string>) {
            auto const kept = std::exchange(member, std::string{bad});
            std::string out = "before";
            auto const encoded = codec_.encode(poisoned, out);
            say(law::rejects_text, !encoded && encoded.error() == errc::rejected, name);
            say(law::appends_nothing, encoded || out == "before", name);
            if (!encoded) say(law::rejection_named, encoded.error().text().contains(name), encoded.error().text());
            member = kept;
          }
        });
      }
    }
  }

  void damaged(std::string_view bytes) {
    // An allocation of just these bytes, so that a sanitizer sees a step beyond.
    auto const exact = std::make_unique_for_overwrite<char[]>(bytes.size());
    if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
    auto const before = allocated_();
    auto const decoded = decode({exact.get(), bytes.size()});
    if (auto const after = allocated_(); before && after)
      say(law::memory, *after - *before <= 65536 + 1024 * bytes.size(),
          std::format("{} bytes allocated for {}", *after - *before, bytes.size()));
    if (decoded) say(law::damage, *decoded || decoded->error() == errc::corrupt, outcome(*decoded));
  }

  std::optional<result<value>> decode(std::string_view bytes) {
    try {
      std::optional<result<value>> made{codec_.decode(bytes)};
      say(law::no_throw, true, {});
      return made;
    } catch (std::exception const& thrown) {
      say(law::no_throw, false, thrown.what());
    } catch (...) {
      say(law::no_throw, false, "something that is no std::exception");
    }
    return std::nullopt;
  }

  static std::string outcome(result<value> const& r) { return r ? "another value" : std::format("{}", r.error()); }
  void say(std::string_view name, bool passed, std::string_view text) { report_(verdict{name, passed, text}); }

  Codec codec_{};
  Report& report_;
  Allocated& allocated_;
};

// What described_codec_laws stores and reads as something else.
struct law_inner {
  BOOST_HANA_DEFINE_STRUCT(law_inner, (std::string, language), (std::int64_t, count));
};
struct law_inner_number {
  BOOST_HANA_DEFINE_STRUCT(law_inner_number, (std::int64_t, language), (std::int64_t, count));
};
struct law_inner_narrow {
  BOOST_HANA_DEFINE_STRUCT(law_inner_narrow, (std::string, language), (std::int8_t, count));
};
template <class Inner>
struct law_outer {
  BOOST_HANA_DEFINE_STRUCT(law_outer, (std::string, id), (Inner, inner), (std::vector<Inner>, many),
                           (std::int32_t, version));
};
struct law_older {
  std::string id{"nobody"};
  std::string absent{"as it was"};
  std::optional<std::int32_t> version{41};
};
struct law_nest {
  BOOST_HANA_DEFINE_STRUCT(law_nest, (std::vector<law_nest>, in));
};

}  // namespace detail

/// Checks every law on each sample and on damaged copies of its bytes: every truncation, every bit flipped, rubbish.
/// \param samples    values that compare with ==; those of a few hundred bytes are enough
/// \param report     called with one verdict per check
/// \param allocated  how many bytes the program has allocated so far, where the caller counts them
/// \complexity       quadratic in the bytes of a sample
template <value_codec Codec, std::ranges::input_range Samples, reporter Report, class Allocated = unknown_memory>
void codec_laws(Samples&& samples, Report&& report, Allocated&& allocated = {}) {
  detail::codec_checker<Codec, std::remove_reference_t<Report>, std::remove_reference_t<Allocated>> checker{report,
                                                                                                            allocated};
  checker.identity();
  for (auto const& sample : samples) checker.sample(sample);
  checker.rubbish();
}

}  // namespace strata::testing

BOOST_HANA_ADAPT_STRUCT(strata::testing::detail::law_older, id, absent, version);

namespace strata::testing {

/// Checks what a codec for every described struct promises when reader and writer know different structs.
/// \tparam Codec  the template: strata::codec::json
template <template <class> class Codec, reporter Report>
void described_codec_laws(Report&& report) {
  using namespace detail;
  using outer = law_outer<law_inner>;
  auto const say = [&](std::string_view name, bool passed, std::string_view text) {
    report(verdict{name, passed, text});
  };
  auto const bytes_of = [&]<class T>(T const& v) {
    std::string bytes;
    auto const encoded = Codec<T>{}.encode(v, bytes);
    if (!encoded) say(law::round_trip, false, std::format("encode: {}", encoded.error()));
    return bytes;
  };
  auto const refuses = [&]<class T>(std::string_view name, std::string const& bytes, result<T> const& read,
                                    std::string_view path) {
    bool const passed = !read && read.error() == errc::corrupt && read.error().text().contains(path);
    say(name, passed, read ? std::format("a value from {} bytes", bytes.size()) : std::format("{}", read.error()));
  };

  std::string const wide = bytes_of(outer{"a", {"rust", 300}, {{"c", 1}, {"d", 2}}, 7});
  auto const older = Codec<law_older>{}.decode(wide);
  say(law::unknown_ignored, older && older->id == "a" && older->version == 7,
      older ? "other values" : older.error().text());
  say(law::missing_default, older && older->absent == "as it was", older ? older->absent : older.error().text());
  auto const newer = Codec<outer>{}.decode(bytes_of(law_older{}));
  say(law::missing_default, newer && newer->id == "nobody" && newer->many.empty() && newer->version == 41,
      newer ? "other values" : newer.error().text());

  refuses(law::wrong_type, wide, Codec<law_outer<law_inner_number>>{}.decode(wide), "inner.language");
  refuses(law::out_of_range, wide, Codec<law_outer<law_inner_narrow>>{}.decode(wide), "inner.count");
  std::string const late = bytes_of(outer{"a", {"rust", 1}, {{"c", 1}, {"d", 200}}, 7});
  refuses(law::out_of_range, late, Codec<law_outer<law_inner_narrow>>{}.decode(late), "many[1].count");

  auto const nested = [](std::size_t structs) {
    law_nest top;
    for (std::size_t i = 1; i < structs; ++i) {
      law_nest above;
      above.in.push_back(std::move(top));
      top = std::move(above);
    }
    return top;
  };
  std::string deep;
  auto const fits = Codec<law_nest>{}.encode(nested(64), deep);  // a struct and a list each: 128 levels
  say(law::bounded_depth, fits && Codec<law_nest>{}.decode(deep),
      fits ? "128 levels do not decode" : fits.error().text());
  deep.clear();
  auto const beyond = Codec<law_nest>{}.encode(nested(65), deep);
  say(law::bounded_depth, !beyond && beyond.error() == errc::rejected, "130 levels were not rejected");
}

}  // namespace strata::testing
