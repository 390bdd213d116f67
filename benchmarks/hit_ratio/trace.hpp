// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <format>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <zstd.h>

// Traces of requests: text compressed by zstd, in one of three forms that the end of the file's name tells.
namespace hit_ratio {

inline constexpr char const formats[] =
    "A trace is a text file compressed by zstd; each line is one or several requests, in their order:\n"
    "  NAME.keys.zst   KEY           a request for that key\n"
    "  NAME.runs.zst   START [COUNT] requests for START, START + 1, ... (COUNT of them, else one)\n"
    "  NAME.sized.zst  KEY BYTES     a request for that key; every value counts as one, whatever its bytes\n"
    "All are decimal numbers below 2^64. What is before the first dot of a file's name is the trace's name; files "
    "that\n"
    "end otherwise are left alone. One's own log of accesses becomes a trace by numbering its keys, for example\n"
    "  awk '!($1 in n) { n[$1] = k++ } { print n[$1] + 0 }' accesses.log | zstd > mine.keys.zst";

/// Keys are numbered from 0 in order of their first request.
struct trace {
  std::string name;
  std::vector<std::uint32_t> requests;
  std::vector<std::uint32_t> bytes;  ///< of each request, or empty; no policy looks at them
  std::size_t keys = 0;

  void add(std::uint64_t one) {
    auto const [at, fresh] = numbers_.try_emplace(one, static_cast<std::uint32_t>(keys));
    keys += fresh;
    requests.push_back(at->second);
  }
  void seal() { numbers_ = {}; }

 private:
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;
};

enum class format : std::uint8_t { keys, runs, sized };

inline std::optional<format> format_of(std::string_view file) {
  if (file.ends_with(".keys.zst")) return format::keys;
  if (file.ends_with(".runs.zst")) return format::runs;
  if (file.ends_with(".sized.zst")) return format::sized;
  return std::nullopt;
}

inline std::string name_of(std::filesystem::path const& file) {
  std::string const whole = file.filename().string();
  return whole.substr(0, whole.find('.'));
}

/// Takes lines, and says what is wrong with one.
class line_reader {
 public:
  static constexpr std::size_t most_requests = std::size_t{1} << 31U;

  line_reader(format how, trace& into) : how_{how}, into_{into} {}

  /// \returns what is wrong; empty when all is well
  std::string take(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::uint64_t first = 0;
    std::uint64_t second = 1;
    if (!number(line, first)) return "a number was expected";
    bool const more = !line.empty();
    if (more && (line.front() != ' ' || how_ == format::keys)) return "something follows the key";
    if (more) line.remove_prefix(1);
    if (more && !number(line, second)) return "the second number cannot be read";
    if (!line.empty()) return "something follows the second number";
    if (how_ == format::sized && !more) return "the size is missing";
    if (how_ == format::runs) {
      if (second == 0) return "a run of no requests";
      if (second > most_requests - into_.requests.size()) return "more than 2^31 requests";
      if (first > std::numeric_limits<std::uint64_t>::max() - second) return "a run goes beyond 2^64";
      for (std::uint64_t i = 0; i < second; ++i) into_.add(first + i);
      return {};
    }
    if (into_.requests.size() == most_requests) return "more than 2^31 requests";
    into_.add(first);
    if (how_ == format::sized)
      into_.bytes.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(second, 0xFFFFFFFEU)));
    return {};
  }

 private:
  static bool number(std::string_view& line, std::uint64_t& n) {
    auto const [end, fault] = std::from_chars(line.data(), line.data() + line.size(), n);
    if (fault != std::errc{}) return false;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    return true;
  }

  format how_;
  trace& into_;
};

/// \returns the trace, or what is wrong with the file and where
inline std::expected<trace, std::string> read_trace(std::filesystem::path const& path) {
  auto const fault = [&](std::string_view what) {
    return std::unexpected{path.filename().string() + ": " + std::string{what}};
  };
  trace t;
  t.name = name_of(path);
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file{std::fopen(path.c_str(), "rb"), std::fclose};
  if (!file) return fault("cannot be opened");
  std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> const stream{ZSTD_createDStream(), ZSTD_freeDStream};
  std::vector<char> packed(ZSTD_DStreamInSize());
  std::vector<char> plain(ZSTD_DStreamOutSize());
  line_reader reader{*format_of(path.filename().string()), t};
  std::string rest;  // of a line that goes on in the next block
  std::size_t line_number = 0;
  std::size_t unfinished = 0;
  std::uint64_t consumed = 0;
  auto const take = [&](std::string_view line) {
    ++line_number;
    std::string wrong = reader.take(line);
    return wrong.empty() ? wrong : std::format("line {}: {}: '{}'", line_number, wrong, line.substr(0, 60));
  };
  for (std::size_t got = 0; (got = std::fread(packed.data(), 1, packed.size(), file.get())) != 0;) {
    ZSTD_inBuffer in{packed.data(), got, 0};
    for (bool full = true; in.pos < in.size || full;) {
      ZSTD_outBuffer out{plain.data(), plain.size(), 0};
      unfinished = ZSTD_decompressStream(stream.get(), &out, &in);
      if (ZSTD_isError(unfinished))
        return fault(std::format("byte {}, line {}: not what zstd writes: {}", consumed + in.pos, line_number + 1,
                                 ZSTD_getErrorName(unfinished)));
      full = out.pos == out.size;
      std::string_view text{plain.data(), out.pos};
      for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
        std::string const wrong = rest.empty() ? take(text.substr(0, end)) : take(rest.append(text.substr(0, end)));
        if (!wrong.empty()) return fault(wrong);
        rest.clear();
      }
      rest.append(text);
      if (rest.size() > 1'000) return fault(std::format("line {}: longer than any two numbers", line_number + 1));
    }
    consumed += got;
  }
  if (std::ferror(file.get()) != 0) return fault(std::format("byte {}: cannot be read", consumed));
  if (unfinished != 0) return fault(std::format("byte {}, line {}: the file is cut off", consumed, line_number + 1));
  if (!rest.empty())
    if (std::string const wrong = take(rest); !wrong.empty()) return fault(wrong);
  if (t.requests.empty()) return fault("line 1: there is no request in it");
  t.seal();
  return t;
}

/// 0.1, 1, 5, 10 and 25 % of the keys and 1,000 entries, as far as they lie between 32 and 60 % of the keys.
inline std::vector<std::size_t> sizes_of(std::size_t keys) {
  std::vector<std::size_t> sizes{1'000};
  for (std::size_t const per_mille : {1U, 10U, 50U, 100U, 250U}) sizes.push_back((keys * per_mille + 500) / 1'000);
  std::erase_if(sizes, [&](std::size_t n) { return n < 32 || n * 10 > keys * 6; });
  std::ranges::sort(sizes);
  sizes.erase(std::ranges::unique(sizes).begin(), sizes.end());
  return sizes;
}

}  // namespace hit_ratio
