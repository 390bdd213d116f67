// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "lines.hpp"

#include <format>
#include <stdexcept>
#include <utility>

#ifdef KNOWLEDGE_ZSTD
#include <zstd.h>
#endif

namespace knowledge_tool {
namespace {

[[noreturn]] void fail(std::filesystem::path const& file, std::string_view why) {
  throw std::runtime_error{std::format("{}: {}", file.string(), why)};
}

#ifdef KNOWLEDGE_ZSTD
void end(ZSTD_DCtx* context) { ZSTD_freeDCtx(context); }
void end(ZSTD_CCtx* context) { ZSTD_freeCCtx(context); }
ZSTD_DCtx* decompressing() { return ZSTD_createDCtx(); }
ZSTD_CCtx* compressing() { return ZSTD_createCCtx(); }
#else
void end(ZSTD_DCtx_s*) {}
void end(ZSTD_CCtx_s*) {}
ZSTD_DCtx_s* decompressing() { throw std::runtime_error{"this tool was built without zstd"}; }
ZSTD_CCtx_s* compressing() { throw std::runtime_error{"this tool was built without zstd"}; }
#endif

}  // namespace

std::string checksum::text() const { return std::format("{:016x}", sum_); }

line_reader::line_reader(std::filesystem::path const& file, bool compressed)
    : in_{file, std::ios::binary},
      context_{compressed ? decompressing() : nullptr, [](ZSTD_DCtx_s* c) { end(c); }},
      compressed_{compressed},
      raw_(std::size_t{1} << 16U) {
  if (!in_) fail(file, "cannot be read");
}
line_reader::~line_reader() = default;

// False: nothing more, or nothing more that is whole.
bool line_reader::fill() {
  text_.erase(0, at_);
  at_ = 0;
  if (raw_at_ == raw_size_) {
    in_.read(raw_.data(), static_cast<std::streamsize>(raw_.size()));
    raw_size_ = static_cast<std::size_t>(in_.gcount());
    raw_at_ = 0;
    if (raw_size_ == 0) return false;
  }
  if (!compressed_) {
    text_.append(raw_.data(), raw_size_);
    raw_at_ = raw_size_;
    return true;
  }
#ifdef KNOWLEDGE_ZSTD
  std::vector<char> plain(ZSTD_DStreamOutSize());
  ZSTD_inBuffer given{raw_.data(), raw_size_, raw_at_};
  ZSTD_outBuffer made{plain.data(), plain.size(), 0};
  auto const more = ZSTD_decompressStream(context_.get(), &made, &given);
  if (ZSTD_isError(more)) return false;
  text_.append(plain.data(), made.pos);
  read_ += given.pos - raw_at_;
  raw_at_ = given.pos;
  inside_ = more != 0;
  if (!inside_) piece_end_ = read_;
#endif
  return true;
}

std::optional<std::string> line_reader::next() {
  for (;;) {
    if (auto const end = text_.find('\n', at_); end != std::string::npos) {
      std::string line = text_.substr(at_, end - at_);
      at_ = end + 1;
      if (!compressed_) piece_end_ += line.size() + 1;
      while (inside_ && at_ == text_.size() && fill()) {  // to the end of the piece, if this is its last line
      }
      return line;
    }
    if (!fill()) return std::nullopt;
  }
}

line_writer::line_writer(std::filesystem::path const& file, bool compressed, std::uintmax_t keep)
    : context_{compressed ? compressing() : nullptr, [](ZSTD_CCtx_s* c) { end(c); }},
      compressed_{compressed},
      file_{file} {
  if (keep > 0) std::filesystem::resize_file(file, keep);
  out_.open(file, std::ios::binary | (keep > 0 ? std::ios::app : std::ios::trunc));
  if (!out_) fail(file, "cannot be written");
}
line_writer::~line_writer() = default;

void line_writer::piece(std::string_view lines) {
#ifdef KNOWLEDGE_ZSTD
  if (compressed_) {
    std::vector<char> made(ZSTD_compressBound(lines.size()));
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
    auto const size = ZSTD_compress2(context_.get(), made.data(), made.size(), lines.data(), lines.size());
    if (ZSTD_isError(size)) fail(file_, ZSTD_getErrorName(size));
    out_.write(made.data(), static_cast<std::streamsize>(size));
  }
#endif
  if (!compressed_) out_.write(lines.data(), static_cast<std::streamsize>(lines.size()));
  out_.flush();
  if (!out_) cut();
}

void line_writer::close() {
  out_.close();
  if (!out_) cut();
}

void line_writer::cut() const { throw cut_short{file_.string() + ": cannot be written to the end"}; }

}  // namespace knowledge_tool
