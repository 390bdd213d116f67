// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

// A text in 36 bytes, up to 35 of them in place, as long as most keys are: with it an entry is one cache line and asks
// memory for nothing more. std::string was rejected: it keeps 15 in its 32, and a longer key cost a hit one more line from
// far away, and an entry 48 bytes. Anything longer is elsewhere; where that is, stands in the same bytes, so that they need
// no alignment.
namespace strata::hot::engine {

class kept_text {
 public:
  static constexpr std::size_t in_place = 35;

  kept_text() = default;
  /// \throws bad_alloc, for what is longer than fits in place
  explicit kept_text(std::string_view text) {
    reserve(text.size());
    put(text);
  }
  kept_text(kept_text&& other) noexcept { swap(other); }
  kept_text& operator=(kept_text other) noexcept {
    swap(other);
    return *this;
  }
  ~kept_text() {
    if (is_elsewhere()) ::operator delete(where().text);
  }

  [[gnu::always_inline]] [[nodiscard]] std::string_view view() const noexcept {
    if (is_elsewhere()) [[unlikely]]
      return {where().text, where().size};
    return {bytes_, size()};
  }
  /// Room for that many bytes, whatever is there now. \throws bad_alloc
  void reserve(std::size_t bytes) {
    if (fits(bytes)) return;
    place const other{static_cast<char*>(::operator new(bytes)), 0, bytes};
    if (is_elsewhere()) ::operator delete(where().text);
    set(other);
  }
  /// Allocates nothing. \returns false: there is no room, and nothing has changed
  [[nodiscard]] bool assign(std::string_view text) noexcept {
    if (!fits(text.size())) return false;
    put(text);
    return true;
  }
  /// The same for who stays: memory much larger than the text is given up, or one long key would cost its slot for ever.
  [[nodiscard]] bool settle(std::string_view text) noexcept {
    if (is_elsewhere() && where().room / 4 > text.size()) {
      if (text.size() > in_place) return false;
      ::operator delete(where().text);
      bytes_[in_place] = 0;
    }
    return assign(text);
  }
  /// Where the text is, if not in place; null: in place.
  [[nodiscard]] char const* elsewhere() const noexcept { return is_elsewhere() ? where().text : nullptr; }
  friend void swap(kept_text& a, kept_text& b) noexcept { a.swap(b); }

 private:
  struct place {
    char* text;
    std::size_t size, room;
  };
  static constexpr char far = -1;

  [[nodiscard]] bool is_elsewhere() const noexcept { return bytes_[in_place] == far; }
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<unsigned char>(bytes_[in_place]); }
  [[nodiscard]] place where() const noexcept {
    place p;
    std::memcpy(&p, bytes_, sizeof p);
    return p;
  }
  void set(place const& p) noexcept {
    std::memcpy(bytes_, &p, sizeof p);
    bytes_[in_place] = far;
  }
  [[nodiscard]] bool fits(std::size_t bytes) const noexcept {
    return bytes <= (is_elsewhere() ? where().room : in_place);
  }
  void put(std::string_view text) noexcept {
    if (is_elsewhere()) {
      place const p = where();
      text.copy(p.text, text.size());
      set({p.text, text.size(), p.room});
    } else {
      text.copy(bytes_, text.size());
      bytes_[in_place] = static_cast<char>(text.size());
    }
  }
  void swap(kept_text& other) noexcept {
    char mine[sizeof bytes_];
    std::memcpy(mine, bytes_, sizeof mine);
    std::memcpy(bytes_, other.bytes_, sizeof mine);
    std::memcpy(other.bytes_, mine, sizeof mine);
  }

  char bytes_[in_place + 1] = {};  // the last: the size, or `far`
};
static_assert(sizeof(kept_text) == 36 && alignof(kept_text) == 1);

}  // namespace strata::hot::engine
