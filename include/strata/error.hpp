// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <exception>
#include <expected>
#include <format>
#include <new>
#include <string>
#include <string_view>
#include <utility>

// Errors are values. The code says what a caller can do, the text says what a person needs to know.
// An error is two words, so that result<T> stays small and copying one to many waiters cannot fail.
namespace strata {

/// What a caller does next is decided by the code alone.
enum class errc : std::uint8_t {
  unavailable = 1,  ///< a tier cannot be reached: retrying later may help
  timed_out,        ///< the deadline passed before an answer: a longer deadline may help
  unknown,          ///< the write may or may not have happened: read before writing again
  conflict,         ///< another writer was first: read again and decide anew
  corrupt,          ///< stored bytes do not decode: retrying does not help, writing the key again does
  rejected,         ///< refused as sent (key, value, settings, or an update of what is absent): mend the call
  loader_failed,    ///< the loader threw or returned an error
  would_deadlock,   ///< waiting would close a circle of loaders: load in another order
  closed,           ///< the cache is closing or closed
  forked,  ///< this process is a fork of the one that opened the cache: open a new one, over JetStream after an exec
  unsupported,  ///< no tier of this configuration can do it
};

/// The tiers, as far as answers and errors name them.
enum class tier : std::uint8_t { none, hot, warm, cold };

/// \returns the enumerator's name
constexpr std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::unavailable: return "unavailable";
    case errc::timed_out: return "timed out";
    case errc::unknown: return "unknown outcome";
    case errc::conflict: return "conflict";
    case errc::corrupt: return "corrupt";
    case errc::rejected: return "rejected";
    case errc::loader_failed: return "loader failed";
    case errc::would_deadlock: return "would deadlock";
    case errc::closed: return "closed";
    case errc::forked: return "forked";
    case errc::unsupported: return "unsupported";
  }
  return code == errc{} ? "no error" : "not an error code";
}

constexpr std::string_view to_string(tier where) noexcept {
  switch (where) {
    case tier::none: return "none";
    case tier::hot: return "hot";
    case tier::warm: return "warm";
    case tier::cold: return "cold";
  }
  return "not a tier";
}

namespace detail {

// A counted, immutable sentence. Null stands for "nothing to add to the code".
struct error_text {
  std::atomic<std::uint32_t> holders{1};
  std::uint32_t size = 0;

  char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
  char const* data() const noexcept { return reinterpret_cast<char const*>(this + 1); }

  static error_text* make(std::string_view sentence) noexcept {
    if (sentence.empty()) return nullptr;
    void* memory = ::operator new(sizeof(error_text) + sentence.size(), std::nothrow);
    if (memory == nullptr) return nullptr;  // out of memory: the code alone has to do
    auto* text = ::new (memory) error_text;
    text->size = static_cast<std::uint32_t>(sentence.size());
    sentence.copy(text->data(), sentence.size());
    return text;
  }
  void share() noexcept { holders.fetch_add(1, std::memory_order_relaxed); }
  void drop() noexcept {
    if (holders.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(this);
  }
  // noinline: GCC 14 otherwise takes the place of an expected's value for that of the text, and warns in users' code.
  [[gnu::noinline]] static void destroy(error_text* text) noexcept {
    text->~error_text();
    ::operator delete(text);
  }
};

}  // namespace detail

/// Why a call did not do what was asked, and in which tier.
/// \threads a value type; copies share one immutable text
class [[nodiscard]] error {
 public:
  /// \param sentence  for a person; kept as far as memory allows
  explicit error(errc code, strata::tier where = strata::tier::none, std::string_view sentence = {}) noexcept
      : text_{detail::error_text::make(sentence)}, code_{code}, tier_{where} {}

  error(error const& other) noexcept : text_{other.text_}, code_{other.code_}, tier_{other.tier_} {
    if (text_) text_->share();
  }
  error(error&& other) noexcept : text_{other.text_}, code_{other.code_}, tier_{other.tier_} { other.text_ = nullptr; }
  error& operator=(
      error other) noexcept {  // by hand, here and above: every program that includes a cache would compile swap
    auto* const former = text_;
    text_ = other.text_;
    other.text_ = former;
    code_ = other.code_;
    tier_ = other.tier_;
    return *this;
  }
  ~error() {
    if (text_) text_->drop();
  }

  [[nodiscard]] errc code() const noexcept { return code_; }
  [[nodiscard]] strata::tier tier() const noexcept { return tier_; }
  /// \returns the sentence given, or the code's name; valid as long as this error
  [[nodiscard]] std::string_view text() const noexcept {
    return text_ ? std::string_view{text_->data(), text_->size} : to_string(code_);
  }

  friend bool operator==(error const& left, errc right) noexcept { return left.code_ == right; }
  friend bool operator==(error const& left, error const& right) noexcept {
    return left.code_ == right.code_ && left.tier_ == right.tier_ && left.text() == right.text();
  }

 private:
  template <class T>
  friend class hit;  // keeps the text in the place of the value
  error(errc code, strata::tier where, detail::error_text* adopted) noexcept
      : text_{adopted}, code_{code}, tier_{where} {}

  detail::error_text* text_;
  errc code_;
  strata::tier tier_;
};
static_assert(sizeof(error) == 2 * sizeof(void*));

/// A value or the reason why there is none. A miss is not an error: see hit.
template <class T>
using result = std::expected<T, error>;

/// What constructors throw where waiting will not mend it: bad settings, a table or stream that cannot be used.
/// Only constructors of tiers and caches throw it; cache::open turns it into a result.
class open_error : public std::exception {
 public:
  explicit open_error(error why) : why_{std::move(why)}, line_{why_.text()} {}
  [[nodiscard]] error const& why() const noexcept { return why_; }
  [[nodiscard]] char const* what() const noexcept override { return line_.c_str(); }

 private:
  error why_;
  std::string line_;
};

/// \returns an error ready to be returned from any function that gives a result
inline std::unexpected<error> failure(errc code, tier where = tier::none, std::string_view sentence = {}) noexcept {
  return std::unexpected<error>{error{code, where, sentence}};
}

}  // namespace strata

/// Formats as "warm: timed out: no answer within 200 ms". Constrained, so that a program which formats none compiles none.
template <std::same_as<strata::error> Error>
struct std::formatter<Error> : std::formatter<std::string_view> {
  auto format(Error const& e, auto& out) const {
    std::string line;
    if (e.tier() != strata::tier::none) line.append(to_string(e.tier())).append(": ");
    line.append(to_string(e.code()));
    if (e.text() != to_string(e.code())) line.append(": ").append(e.text());
    return std::formatter<std::string_view>::format(line, out);
  }
};
