// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What an examination of a deployment finds.
namespace knowledge_tool::doctor {

enum class severity : std::uint8_t {
  note,     ///< good to know; nothing is wrong
  mend,     ///< costs something, or will
  unknown,  ///< could not be looked at
};

constexpr std::string_view to_string(severity s) noexcept {
  return s == severity::note ? "note" : s == severity::mend ? "mend" : "unknown";
}

struct finding {
  doctor::severity severity;
  std::string where;    ///< the server, the stream, the table, the role it is about
  std::string text;     ///< one line
  std::string command;  ///< what mends it; empty where no single command does
};

class findings {
 public:
  void note(std::string where, std::string text, std::string command = {}) {
    all_.push_back({severity::note, std::move(where), std::move(text), std::move(command)});
  }
  void mend(std::string where, std::string text, std::string command = {}) {
    all_.push_back({severity::mend, std::move(where), std::move(text), std::move(command)});
  }
  void unknown(std::string where, std::string text, std::string command = {}) {
    all_.push_back({severity::unknown, std::move(where), std::move(text), std::move(command)});
  }
  [[nodiscard]] std::vector<finding> const& all() const noexcept { return all_; }
  [[nodiscard]] std::size_t count(severity s) const noexcept {
    std::size_t n = 0;
    for (auto const& one : all_) n += one.severity == s ? 1U : 0U;
    return n;
  }

 private:
  std::vector<finding> all_;
};

}  // namespace knowledge_tool::doctor
