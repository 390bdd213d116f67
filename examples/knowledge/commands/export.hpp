// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/conninfo.hpp>
#include <strata/query/dump.hpp>

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../lines.hpp"
#include "../progress.hpp"
#include "../tool.hpp"
#include "search.hpp"

// Everything into a file and back. The file is lines of JSON: what the tier gives, and after each 500 of its lines one of
// ours, {"part": "mark", ...}, with the number of lines so far, their checksum, and where the next begin. The last says
// "end": true. An export that was interrupted stands beside FILE under a name of its database's, so that no other goes on
// with it, and goes on from its last mark; an import restores what is before a mark once the checksum is right, so that it
// needs no memory of its own: what is there is not restored again.
namespace knowledge_tool {

struct mark {
  std::uint64_t lines = 0;
  checksum sum;
  strata::dump_place next;

  [[nodiscard]] std::string text() const {
    return boost::json::serialize(boost::json::value{{"part", "mark"},
                                                     {"lines", lines},
                                                     {"checksum", sum.text()},
                                                     {"next", {next.part, next.key, next.number}},
                                                     {"end", next.end}});
  }
  /// Whether this line is a mark, and then it sets where the next begin. \errors throws where it says something else
  bool at(std::string_view line, std::filesystem::path const& file) {
    if (!line.starts_with(R"({"part":"mark",)")) return false;  // what the tier gives is not looked into
    bool right = false;
    try {
      auto const read = boost::json::parse(line);
      right = read.at("lines").to_number<std::uint64_t>() == lines && read.at("checksum").as_string() == sum.text();
      auto const& place = read.at("next").as_array();
      next = {static_cast<int>(place.at(0).as_int64()), std::string{place.at(1).as_string()}, place.at(2).as_int64(),
              read.at("end").as_bool()};
    } catch (std::exception const&) {  // it was cut or changed
      right = false;
    }
    if (right) return true;
    throw std::runtime_error{
        std::format("{}: damaged: its first {} are not as they were written", file.string(), counted(lines, "line"))};
  }
  void count(std::string_view line) {
    ++lines;
    sum.add(line);
    sum.add("\n");
  }
};

struct export_arguments {
  std::filesystem::path file;
};

inline bool compressed(std::filesystem::path const& file) { return file.extension() == ".zst"; }
inline bool is_export(std::filesystem::path const& file) {
  return file.extension() == ".jsonl" || (compressed(file) && file.stem().extension() == ".jsonl");
}

/// Where the export stands until it is whole: FILE.<of this table>.part. The file itself does not say whose it is, so that
/// two tables that have the same make the same file.
template <class Options>
std::filesystem::path part_of(std::filesystem::path file, [[maybe_unused]] Options const& o) {
  checksum table;
  if constexpr (requires { o.cold.connection; }) {
    auto const known = strata::cold::pg::read_conninfo(o.cold.connection);  // a password changes, and is nobody's name
    for (auto const& word : {known ? known->scrub(o.cold.connection) : std::string{}, o.cold.table, o.cold.space})
      table.add(word), table.add({"\0", 1});
    for (auto const* name : {"PGSERVICE", "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER"})
      if (auto const* word = std::getenv(name)) table.add(name), table.add(word), table.add({"\0", 1});
  }
  return file += "." + table.text() + ".part";
}

/// Keeps other exports from the part as long as it lives: two at once would mix their lines.
class part_lock {
 public:
  /// \errors throws cut_short where another is at it, std::runtime_error for a file that cannot be written at all
  explicit part_lock(std::filesystem::path const& part)
      : file_{::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)} {
    if (file_ < 0) throw std::runtime_error{part.string() + ": cannot be written"};
    struct stat ours{}, there{};
    bool const taken = ::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    // What another has brought to its end meanwhile goes by its own name now.
    if (!taken && ::fstat(file_, &ours) == 0 && ::stat(part.c_str(), &there) == 0 && ours.st_ino == there.st_ino)
      return;
    ::close(file_);
    throw cut_short{part.string() + ": another export is writing it"};
  }
  part_lock(part_lock const&) = delete;
  part_lock& operator=(part_lock const&) = delete;
  ~part_lock() { ::close(file_); }

 private:
  int file_;
};

/// How far an interrupted export came: its last mark that is right, and how much of the file is before that.
inline std::pair<mark, std::uintmax_t> resume(std::filesystem::path const& part, bool zipped) {
  std::pair<mark, std::uintmax_t> last{};
  if (!std::filesystem::exists(part)) return last;
  if (std::filesystem::last_write_time(part) + std::chrono::days{1} < std::filesystem::file_time_type::clock::now()) {
    std::cerr << std::format("knowledge: beginning anew: {} is more than a day old\n", part.string());
    return last;
  }
  mark now;
  line_reader in{part, zipped};
  try {
    while (auto const line = in.next())
      if (!now.at(*line, part))
        now.count(*line);
      else if (in.piece_end() > last.second)  // what cut off the piece may have left its mark
        last = {now, in.piece_end()};
  } catch (std::exception const&) {  // cut off in the middle, or damaged: what is before is good
  }
  return last;
}

void run_export(auto& s, export_arguments const& given) {
  if (!is_export(given.file))
    throw std::runtime_error{given.file.string() + ": the name must end in .jsonl or .jsonl.zst"};
  auto const part = part_of(given.file, s.options);
  with_cache(s, [&](auto& cache) {
    if constexpr (strata::knows_dump<std::remove_reference_t<decltype(cache)>>) {
      part_lock const alone{part};
      auto [now, keep] = resume(part, compressed(given.file));
      if (keep > 0) std::cerr << std::format("knowledge: going on after {}\n", counted(now.lines, "line"));
      line_writer out{part, compressed(given.file), keep};
      progress bar{"exporting lines:", 0};
      while (!now.next.end && !interrupted) {
        bar.at(now.lines);
        auto const lines = strata::dump(cache, now.next, 500, {.within = std::chrono::seconds{30}});
        if (!lines) {
          bar.clear();
          s.status = fail(s, "export", lines.error());
          return;
        }
        std::string piece;
        for (auto const& line : *lines) now.count(line), piece.append(line).append("\n");
        out.piece(piece.append(now.text()).append("\n"));
      }
      bar.clear();
      out.close();
      if (interrupted) {
        s.status = outcome::interrupted;
        return;
      }
      std::filesystem::rename(part, given.file);
      if (s.json)
        std::cout << boost::json::value{{"lines", now.lines}, {"checksum", now.sum.text()}} << '\n';
      else
        std::cout << std::format("{} in {}\n", counted(now.lines, "line"), given.file.string());
    } else {
      s.status = fail(s, "export", no_query(s, "export"));
    }
  });
}

/// Brings back what an export holds. \param check  restore nothing: read the file to its end
void run_restore(auto& s, std::filesystem::path const& file, bool check) {
  mark now;
  strata::restored sum;
  std::vector<std::string> lines;
  auto const read = [&](auto&& put) {
    line_reader in{file, compressed(file)};
    progress bar{check ? "checking bytes" : "restoring bytes", std::filesystem::file_size(file)};
    while (auto line = in.next()) {
      if (interrupted) return;
      if (!now.at(*line, file)) {
        now.count(*line);
        lines.push_back(std::move(*line));
        continue;
      }
      bar.at(in.piece_end());
      if (!put(bar)) return;
      lines.clear();
    }
  };
  auto const report = [&] {
    if (s.status != outcome::done) return;
    if (interrupted) s.status = outcome::interrupted;
    if (!now.next.end && !interrupted) {
      s.status = outcome::incomplete;
      std::cerr << std::format("knowledge: {}: it ends after {}, before its end\n", file.string(),
                               counted(now.lines, "line"));
    }
    if (sum.other > 0) s.status = outcome::incomplete;
    if (s.json)
      std::cout << boost::json::value{{"lines", now.lines},
                                      {"restored", sum.added},
                                      {"there", sum.there},
                                      {"different", sum.other},
                                      {"whole", now.next.end}}
                << '\n';
    else if (check && now.next.end)
      std::cout << std::format("{}, as they were written\n", counted(now.lines, "line"));
    else if (!check)
      std::cout << std::format("restored {}, {} there already, {} there with another revision and left\n",
                               counted(sum.added, "template"), grouped(sum.there), grouped(sum.other));
  };
  if (check) {
    read([](progress&) { return true; });
    return report();
  }
  with_cache(s, [&](auto& cache) {
    if constexpr (strata::knows_dump<std::remove_reference_t<decltype(cache)>>) {
      read([&](progress& bar) {
        std::vector<std::string_view> const views{lines.begin(), lines.end()};
        auto const done = strata::restore(cache, views, {.within = std::chrono::seconds{30}});
        if (!done) {
          bar.clear();
          s.status = fail(s, file.string(), done.error());
          return false;
        }
        sum = {sum.added + done->added, sum.there + done->there, sum.other + done->other};
        return true;
      });
      report();
    } else {
      s.status = fail(s, "import", no_query(s, "import of an export"));
    }
  });
}

void add_export(CLI::App& app, auto& s) {
  add_command<export_arguments>(
      app, s, "export", "Writes everything to a file: templates, archived ones, history, usage, vectors",
      "FILE ends in .jsonl, or in .jsonl.zst to be compressed. Interrupted, it goes on when it is run again within\n"
      "a day. `knowledge import FILE` brings it back, by the table's owner; `knowledge import --check FILE` reads\n"
      "it alone.\n\n"
      "Examples:\n"
      "  knowledge export backup.jsonl.zst",
      [](CLI::App& command, export_arguments& given) {
        command.add_option("FILE", given.file, "Where to")->required();
      },
      [](auto& call, auto const& given) { run_export(call, given); });
}

}  // namespace knowledge_tool
