// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>
#include <strata/key.hpp>

#include <boost/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <string>
#include <string_view>
#include <utility>

// How the tool speaks: its exit codes, numbers for people, tiers by name.
namespace knowledge_tool {

/// The exit codes. Scripts rely on them: they are told by --help and tested.
enum class outcome : int {
  done = 0,
  absent = 1,       ///< there is nothing under that id
  usage = 2,        ///< the command line does not make sense, or a path cannot be read
  unavailable = 3,  ///< a server does not answer, or answered too late: try again
  refused = 4,      ///< the id, the value, the settings or the table are not acceptable, or another writer was first
  incomplete = 5,   ///< some of it was not done, or is not as it was asked to be; what was done stays
  unknown = 6,      ///< a write may or may not have happened: look before trying again
  interrupted = 130,
};

inline outcome outcome_of(strata::errc code) {
  switch (code) {
    case strata::errc::unavailable:
    case strata::errc::timed_out:
    case strata::errc::closed: return outcome::unavailable;
    case strata::errc::unknown: return outcome::unknown;
    default: return outcome::refused;
  }
}

constexpr char const* exit_codes =
    "Exit codes: 0 done; 1 nothing under that id; 2 wrong usage; 3 a server does not answer, try again;\n"
    "4 refused; 5 incomplete; 6 unknown whether a write happened; 130 interrupted.";

/// 12345678 as 12,345,678.
inline std::string grouped(std::uint64_t n) {
  auto text = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

/// A duration in the unit that fits it, with three digits: "0.21 us", "4.7 ms".
inline std::string spell(std::chrono::nanoseconds d) {
  auto const n = static_cast<double>(d.count());
  auto const [value, unit] = n < 1e3   ? std::pair{n, "ns"}
                             : n < 1e6 ? std::pair{n / 1e3, "us"}
                             : n < 1e9 ? std::pair{n / 1e6, "ms"}
                                       : std::pair{n / 1e9, "s"};
  if (value >= 99.95 || n < 1e3) return std::format("{:.0f} {}", value, unit);
  return std::format("{:.{}f} {}", value, value < 9.995 ? 2 : 1, unit);
}

/// An id or a path as one line that a terminal can be trusted with: control characters and what is not UTF-8 as \x0A.
inline std::string shown(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    auto const good = text.substr(0, strata::detail::utf8_prefix(text));
    for (std::size_t i = 0; i < good.size(); ++i) {
      auto const byte = static_cast<unsigned char>(good[i]);
      if (byte < 0x20 || byte == 0x7F)
        safe += std::format("\\x{:02X}", byte);
      else if (byte == 0xC2 &&
               static_cast<unsigned char>(good[i + 1]) < 0xA0)  // U+0080 to U+009F: control characters too
        safe += std::format("\\xC2\\x{:02X}", static_cast<unsigned char>(good[++i]));
      else
        safe += good[i];
    }
    text.remove_prefix(good.size());
    if (text.empty()) break;
    safe += std::format("\\x{:02X}", static_cast<unsigned char>(text.front()));
    text.remove_prefix(1);
  }
  return safe;
}

inline double seconds(std::chrono::nanoseconds d) { return std::chrono::duration<double>(d).count(); }

/// "1 file", "2 files".
inline std::string counted(std::uint64_t n, std::string_view one) {
  return std::format("{} {}{}", grouped(n), one, n == 1 ? "" : "s");
}

}  // namespace knowledge_tool
