// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <format>
#include <string>
#include <string_view>
#include <utility>

#include "report.hpp"

namespace knowledge_tool {

/// A line that moves at a terminal (on the error output, so that it never mixes with results), and nothing elsewhere.
class progress {
 public:
  /// \param total  zero: nobody knows it
  progress(std::string label, std::uint64_t total)
      : label_{std::move(label)}, total_{total}, shown_{::isatty(STDERR_FILENO) == 1} {}
  progress(progress const&) = delete;
  progress& operator=(progress const&) = delete;
  ~progress() { clear(); }

  void at(std::uint64_t done) {
    auto const now = std::chrono::steady_clock::now();
    if (!shown_ || now < next_) return;
    next_ = now + std::chrono::milliseconds{100};
    if (total_ == 0) return put(std::format("\r\033[K{} {}", label_, grouped(done)));
    constexpr std::size_t width = 30;
    auto const full = static_cast<std::size_t>(std::min(done, total_) * width / total_);  // what is late goes beyond
    auto const bar = std::string(full, '#') + std::string(width - full, '.');
    put(std::format("\r\033[K{} [{}] {} of {}", label_, bar, grouped(done), grouped(total_)));
  }
  /// Takes the line away, until there is more to show: before anything else is said.
  void clear() {
    if (shown_ && next_ != std::chrono::steady_clock::time_point{}) put("\r\033[K");
    next_ = {};
  }

 private:
  static void put(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  }

  std::string label_;
  std::uint64_t total_;
  bool shown_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace knowledge_tool
