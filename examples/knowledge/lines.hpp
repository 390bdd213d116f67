// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

// Files of lines, compressed where the name ends in .zst. They are written in pieces, each a frame of its own in a
// compressed file, so that one that was cut off is good up to the end of a piece and can be gone on with from there.
namespace knowledge_tool {

/// FNV-1a over everything since the beginning.
class checksum {
 public:
  void add(std::string_view bytes) noexcept {
    for (char const c : bytes) sum_ = (sum_ ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  [[nodiscard]] std::string text() const;

 private:
  std::uint64_t sum_ = 14695981039346656037U;
};

/// \errors throws std::runtime_error for what is wrong with the file
class line_reader {
 public:
  line_reader(std::filesystem::path const& file, bool compressed);
  ~line_reader();
  line_reader(line_reader&&) = delete;

  /// The next line, without its end; nothing at the end of what is whole.
  std::optional<std::string> next();
  /// Where in the file the last piece ends that is there to its end. The line that closes a piece moves it.
  [[nodiscard]] std::uintmax_t piece_end() const noexcept { return piece_end_; }

 private:
  bool fill();

  std::ifstream in_;
  std::unique_ptr<ZSTD_DCtx_s, void (*)(ZSTD_DCtx_s*)> context_;
  bool compressed_;
  std::vector<char> raw_;
  std::size_t raw_at_ = 0, raw_size_ = 0;
  std::uintmax_t read_ = 0;
  std::string text_;
  std::size_t at_ = 0;
  std::uintmax_t piece_end_ = 0;
  bool inside_ = false;  // a frame
};

/// No more can be written. What is there is good up to the end of a piece.
struct cut_short : std::runtime_error {
  using runtime_error::runtime_error;
};

/// \errors throws cut_short, and std::runtime_error for a file that cannot be written at all
class line_writer {
 public:
  /// \param keep  so many bytes of what is there are gone on from
  line_writer(std::filesystem::path const& file, bool compressed, std::uintmax_t keep);
  ~line_writer();
  line_writer(line_writer&&) = delete;

  void piece(std::string_view lines);
  void close();

 private:
  [[noreturn]] void cut() const;

  std::ofstream out_;
  std::unique_ptr<ZSTD_CCtx_s, void (*)(ZSTD_CCtx_s*)> context_;
  bool compressed_;
  std::filesystem::path file_;
};

}  // namespace knowledge_tool
