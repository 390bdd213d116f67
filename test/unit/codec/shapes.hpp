// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/enum_names.hpp>
#include <strata/codec/json.hpp>
#include <strata/codec/metadata.hpp>
#include <strata/codec/msgpack.hpp>
#include <strata/knowledge/asset.hpp>

#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/define_struct.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

// Structs that hold one of everything a codec takes.
namespace shapes {

enum class level : std::int8_t { low = -3, high = 4 };
enum class letter : char { a = 'a', z = 'z' };
enum class color { red, green };

struct point {
  double x = 0;
  float y = 1.5F;
  friend bool operator==(point const&, point const&) = default;
};

struct tree {
  std::string name{};
  std::vector<tree> children{};
  friend bool operator==(tree const&, tree const&) = default;
};

struct everything {
  bool flag = false;
  std::int8_t tiny = 0;
  std::uint8_t byte = 0;
  std::int64_t big = 0;
  std::uint64_t natural = 0;
  point where{};
  std::string text{};
  level height = level::low;
  letter mark = letter::a;
  color paint = color::red;
  std::chrono::milliseconds took{};
  std::chrono::sys_seconds when{};
  std::chrono::duration<double> exact{};
  std::optional<std::int32_t> maybe{};
  std::optional<point> perhaps{};
  std::optional<std::vector<std::string>> words{};
  std::array<std::int32_t, 2> pair{};
  std::vector<bool> bits{};
  std::vector<std::byte> bytes{};
  std::list<point> line{};
  std::deque<std::vector<std::uint16_t>> rows{};
  std::set<std::string> names{};
  std::set<color> paints{};
  std::unordered_set<std::string> tags{};
  std::unordered_set<double> sizes{};
  std::map<std::string, std::optional<point>> places{};
  std::unordered_map<std::string, std::vector<std::int32_t>> counts{};
  tree family{};
  strata::metadata notes{};
  std::map<std::string, strata::metadata> more{};
  friend bool operator==(everything const&, everything const&) = default;
};

inline everything full() {
  everything e;
  e.flag = true;
  e.tiny = -128;
  e.byte = 255;
  e.big = INT64_MIN;
  e.natural = UINT64_MAX;
  e.where = {-0.1, 0.25F};
  e.text = "quote \" slash \\ line\n tab\t bell\a \xC3\xA9 \xE2\x80\xA8 \xF0\x9F\x98\x80";
  e.height = level::high;
  e.mark = letter::z;
  e.paint = color::green;
  e.took = std::chrono::milliseconds{-9007199254740993};
  e.when = std::chrono::sys_seconds{std::chrono::seconds{1700000000}};
  e.exact = std::chrono::duration<double>{1e-7};
  e.maybe = -7;
  e.perhaps = point{1e21, -2};
  e.words = {"", "one", "two"};
  e.pair = {1, -2};
  e.bits = {true, false, true};
  e.bytes = {std::byte{0}, std::byte{255}};
  e.line = {{1, 2}, {3, 4}};
  e.rows = {{}, {1, 65535}};
  e.names = {"x", "y"};
  e.paints = {color::red, color::green};
  e.tags = {"c", "a", "d", "b"};
  e.sizes = {0.5, 1, -2};
  e.places = {{"none", {}}, {"some", point{5, 6}}};
  e.counts = {{"b", {1}}, {"a", {}}, {"10", {2, 3}}, {"9", {}}};
  e.family = {"root", {{"left", {{"leaf", {}}}}, {"right", {}}}};
  e.notes = {{"language", "rust"}, {"", "empty key"}};
  e.more = {{"plain", {{"k", "v"}}},
            {"raw", *strata::codec::json<strata::metadata>{}.decode(R"({"n": 1.50, "l":[null, "\u00e9\/"]})")}};
  return e;
}

inline std::string slurp(std::filesystem::path const& file) {
  std::ifstream in{file, std::ios::binary};
  std::stringstream all;
  all << in.rdbuf();
  return std::move(all).str();
}

/// The lines of a golden file, cut at their tab. Empty when the file is not there, which a test must notice.
inline std::vector<std::pair<std::string, std::string>> golden(std::string_view name) {
  std::vector<std::pair<std::string, std::string>> cases;
  std::ifstream in{std::filesystem::path{STRATA_CODEC_TESTS} / "golden" / name, std::ios::binary};
  for (std::string line; std::getline(in, line);) {
    auto const tab = line.find('\t');
    cases.emplace_back(line.substr(0, tab), line.substr(tab + 1));
  }
  return cases;
}

inline std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    int const high = std::string_view{"0123456789abcdef"}.find(hex[i]) & 15;
    int const low = std::string_view{"0123456789abcdef"}.find(hex[i + 1]) & 15;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

inline std::string fixture_asset() {
  std::string bytes = slurp(std::filesystem::path{STRATA_CODEC_TESTS} / "../../fixtures/asset.json");
  if (bytes.ends_with('\n')) bytes.pop_back();
  return bytes;
}

template <class T, template <class> class Codec = strata::codec::json>
std::string encoded(T const& value) {
  std::string out;
  auto const done = Codec<T>{}.encode(value, out);
  return done ? out : "refused: " + std::string{done.error().text()};
}

/// What decode says, for comparison with a sentence; "fine" when it gives a value.
template <class T, template <class> class Codec = strata::codec::json>
std::string complaint(std::string_view bytes) {
  auto const read = Codec<T>{}.decode(bytes);
  if (read) return "fine";
  return read.error() == strata::errc::corrupt ? std::string{read.error().text()} : "not corrupt";
}

}  // namespace shapes

template <>
struct strata::enum_names<shapes::color> {
  static constexpr strata::named<shapes::color> all[] = {{shapes::color::red, "red"}, {shapes::color::green, "green"}};
};

BOOST_HANA_ADAPT_STRUCT(shapes::point, x, y);
BOOST_HANA_ADAPT_STRUCT(shapes::tree, name, children);
BOOST_HANA_ADAPT_STRUCT(shapes::everything, flag, tiny, byte, big, natural, where, text, height, mark, paint, took,
                        when, exact, maybe, perhaps, words, pair, bits, bytes, line, rows, names, paints, tags, sizes,
                        places, counts, family, notes, more);
