// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>
#include <strata/kernel/moment.hpp>

#include <chrono>

namespace strata::local {

/// How long values live, counted from their write, from their last use, or both; zero: not so.
class life {
 public:
  using moment = kernel::moment;
  struct span {
    moment end, last;  // `end` is put off by uses, until `last`; moment::max(): never
  };

  /// \throws open_error for less than zero
  life(std::chrono::milliseconds after_write, std::chrono::milliseconds after_access)
      : write_{after_write}, access_{after_access} {
    if (write_.count() < 0 || access_.count() < 0)
      throw open_error{
          error{errc::rejected, tier::hot, "expires_after_write and expires_after_access must not be negative"}};
  }

  [[nodiscard]] bool ends() const noexcept { return write_.count() != 0 || access_.count() != 0; }
  [[nodiscard]] bool moves() const noexcept { return access_.count() != 0; }
  /// Of a value that is written now.
  [[nodiscard]] span from(moment now) const noexcept {
    moment const last = later(now, write_), end = later(now, access_);
    return {end < last ? end : last, last};
  }
  /// The end of a value that is used now, but for its last one.
  [[nodiscard]] moment after_access(moment now) const noexcept { return later(now, access_); }

 private:
  static moment later(moment now, std::chrono::milliseconds by) noexcept {
    constexpr moment never = moment::max();
    bool const far = by.count() == 0 || by >= std::chrono::floor<std::chrono::milliseconds>(never - now);
    return far ? never : now + by;
  }

  std::chrono::milliseconds write_, access_;
};

}  // namespace strata::local
