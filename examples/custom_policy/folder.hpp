// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

// A warm tier of one's own: a folder with one file for each key, which outlives the program and may be shared by the
// processes of one machine. A file is written aside and renamed into its place, so readers need no lock and never see half
// of one; writers take a lock on the folder, since they have to look before they write. There is no feed, so a cache over
// it has to promise strata::single_writer.
namespace mine {

namespace detail {

// The file's name says the key, injectively: hexadecimal, in steps that file systems take.
inline std::filesystem::path file_of(std::string_view key) {
  std::string digits;
  for (char const of_key : key) {
    auto const c = static_cast<unsigned char>(of_key);
    digits.push_back("0123456789abcdef"[c >> 4U]);
    digits.push_back("0123456789abcdef"[c & 15U]);
  }
  std::filesystem::path path;
  for (std::size_t at = 0; at < digits.size(); at += 200) path /= digits.substr(at, 200);
  return path += ".frame";
}

// Fields are decimal numbers and counted texts, each followed by a line break.
class writer {
 public:
  writer& number(std::uint64_t n) {
    out_.append(std::to_string(n)).push_back('\n');
    return *this;
  }
  writer& text(std::string_view t) {
    number(t.size());
    out_.append(t).push_back('\n');
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class reader {
 public:
  explicit reader(std::string_view from) : rest_{from} {}
  std::uint64_t number() {
    std::uint64_t n = 0;
    auto const [end, fault] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), n);
    skip(static_cast<std::size_t>(end - rest_.data()), fault == std::errc{});
    return n;
  }
  std::string text() {
    std::size_t const size = number();
    std::string t{rest_.substr(0, size)};
    skip(t.size(), t.size() == size);
    return t;
  }
  [[nodiscard]] bool good() const { return good_ && rest_.empty(); }

 private:
  void skip(std::size_t n, bool well) {
    good_ = good_ && well && n < rest_.size() && rest_[n] == '\n';
    rest_.remove_prefix(good_ ? n + 1 : rest_.size());
  }
  std::string_view rest_;
  bool good_ = true;
};

inline std::string to_file(strata::frame const& f, std::uint64_t position) {
  return writer{}
      .number(position)
      .text(f.key)
      .number(strata::number(f.revision))
      .number(static_cast<std::uint64_t>(f.operation))
      .text(f.codec)
      .number(f.schema)
      .number(f.fingerprint)
      .number(static_cast<std::uint64_t>(f.created_ms))
      .number(static_cast<std::uint64_t>(f.expires_ms))
      .number(f.sum ? 1 : 0)
      .number(f.sum.value_or(0))
      .text(f.payload)
      .take();
}

// A file that cannot be read is no file: the next store replaces it.
inline strata::sighting from_file(std::string_view bytes, std::string_view key) {
  reader in{bytes};
  strata::frame f;
  auto const position = in.number();
  f.key = in.text();
  f.revision = strata::revision{in.number()};
  auto const operation = in.number();
  f.operation = static_cast<strata::operation>(operation);
  f.codec = in.text();
  f.schema = static_cast<std::uint32_t>(in.number());
  f.fingerprint = in.number();
  f.created_ms = static_cast<std::int64_t>(in.number());
  f.expires_ms = static_cast<std::int64_t>(in.number());
  bool const summed = in.number() == 1;
  if (auto const sum = in.number(); summed) f.sum = static_cast<std::uint32_t>(sum);
  f.payload = in.text();
  bool const known = operation <= static_cast<std::uint64_t>(strata::operation::notice);
  if (!in.good() || !known || f.key != key) return {};
  return {.frame = std::move(f), .position = strata::position{position}};
}

// The folder is ours as long as it lives; other processes and other threads wait.
class folder_lock {
 public:
  explicit folder_lock(std::filesystem::path const& file)
      : file_{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)} {}
  folder_lock(folder_lock const&) = delete;
  folder_lock& operator=(folder_lock const&) = delete;
  ~folder_lock() {
    if (file_ >= 0) ::close(file_);
  }
  bool wait(strata::deadline until) const {
    while (file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      if (std::chrono::steady_clock::now() >= until) return false;
      ::usleep(200);
    }
    return file_ >= 0;
  }

 private:
  int file_;
};

}  // namespace detail

struct folder {
  struct options {
    std::filesystem::path path{"cache"};      ///< made where it is not there
    std::size_t max_payload_bytes = 1 << 20;  ///< larger values are not cached here
  };

  template <class Key, class Value, class Context>
  class tier {
   public:
    /// \errors throws open_error where there can be no such folder
    tier(options const& settings, Context const&) : settings_{settings} {
      std::error_code fault;
      std::filesystem::create_directories(settings.path, fault);
      if (fault) throw strata::open_error{strata::error{strata::errc::rejected, strata::tier::warm, fault.message()}};
    }

    strata::result<strata::sighting> load(std::string_view key, strata::deadline) const {
      std::ifstream in{settings_.path / detail::file_of(key), std::ios::binary};
      if (!in && errno == ENOENT) return strata::sighting{};
      if (!in) return failed(strata::errc::unavailable, std::generic_category().message(errno));
      return detail::from_file(std::string{std::istreambuf_iterator<char>{in}, {}}, key);
    }

    strata::result<strata::position> store(strata::frame const& f, std::optional<strata::position> at,
                                           strata::deadline until) {
      using enum strata::errc;
      if (f.payload.size() > settings_.max_payload_bytes)
        return failed(rejected, "the payload is larger than max_payload_bytes");
      detail::folder_lock const lock{settings_.path / "lock"};
      if (!lock.wait(until)) return failed(timed_out, "another process writes to the folder");
      auto const there = load(f.key, until);
      if (!there) return std::unexpected{there.error()};
      if (at && there->position != *at) return failed(conflict, "the key has moved");
      if (!at && there->frame && there->frame->revision > f.revision)
        return failed(conflict, "a higher revision is there");
      if (!at && there->frame && !there->frame->sum && f.revision != strata::revision{})
        return failed(conflict, "what is there has no revision");
      auto const next = static_cast<std::uint64_t>(there->position) + 1;
      if (!write(detail::file_of(f.key), detail::to_file(f, next)))
        return failed(unavailable, "the folder cannot be written to");
      return strata::position{next};
    }

    /// What is left is a frame that says so: else an older copy could come back.
    strata::result<strata::position> erase(std::string_view key, strata::revision r, strata::deadline until) {
      strata::frame gone;
      gone.key = key;
      gone.revision = r;
      gone.operation = strata::operation::erase;
      gone.sum = checksum(gone);
      return store(gone, std::nullopt, until);
    }

   private:
    static auto failed(strata::errc code, std::string_view why) {
      return strata::failure(code, strata::tier::warm, why);
    }

    bool write(std::filesystem::path const& file, std::string const& bytes) const {
      auto const place = settings_.path / file;
      auto const aside = settings_.path / "aside";  // ours alone while we hold the lock
      std::error_code fault;
      std::filesystem::create_directories(place.parent_path(), fault);
      std::ofstream out{aside, std::ios::binary | std::ios::trunc};
      if (fault || !out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush()) return false;
      out.close();
      std::filesystem::rename(aside, place, fault);
      return !fault;
    }

    options settings_;
  };
};

}  // namespace mine
