// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <format>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../corpus.hpp"
#include "../progress.hpp"
#include "../tool.hpp"
#include "export.hpp"

// Writing what is there already changes nothing, so an import that was interrupted is completed by running it again; no
// file remembers how far it came.
namespace knowledge_tool {

struct import_arguments {
  std::vector<std::filesystem::path> paths;
  std::string type = "template";
  std::size_t batch = 500;
  bool check = false;
};

inline asset asset_of(document const& d, std::string const& type) {
  return {.id = d.id, .asset_type = type, .data = text_of(d), .metadata = strata::metadata{d.metadata}};
}

/// Writes the documents in batches, and says what became of them.
template <class Invocation>
class importing {
 public:
  importing(Invocation& s, import_arguments const& given) : s_{s}, given_{given} {}

  void run() {
    auto const found = read_corpus(given_.paths);
    with_cache(s_, [&](auto& cache) {
      auto const started = std::chrono::steady_clock::now();
      bar_.emplace("importing", found.documents.size());
      for (std::size_t next = 0; next < found.documents.size() && !interrupted && going_; bar_->at(next))
        next = write(cache, found.documents, next);
      bar_.reset();
      report(found, std::chrono::steady_clock::now() - started);
    });
  }

 private:
  /// One batch, as many documents as were asked for and no more than memory is given to. \returns where the next begins
  std::size_t write(auto& cache, std::vector<document> const& documents, std::size_t from) {
    std::vector<asset> batch;
    std::size_t bytes = 0;
    std::size_t next = from;
    for (; next < documents.size() && next - from < given_.batch && bytes < max_batch_bytes; ++next) {
      try {
        batch.push_back(asset_of(documents[next], given_.type));
        bytes += batch.back().data.size();
      } catch (std::runtime_error const& unreadable) {
        failed(documents[next].id, strata::error{strata::errc::rejected, strata::tier::none, unreadable.what()});
      }
    }
    auto const receipts = cache.put_many(batch);
    bool gone = !batch.empty();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      auto const& done = receipts[i];
      gone = gone && !done && outcome_of(done.error().code()) == outcome::unavailable;
      if (!done) {
        failed(batch[i].id, done.error());
        continue;
      }
      ++(done->changed ? written_ : unchanged_);
      degraded_ += done->degraded ? 1U : 0U;
    }
    going_ = !gone;  // the server does not answer: going on would only repeat the message
    return next;
  }
  void failed(std::string const& id, strata::error const& why) {
    bar_->clear();
    if (++failed_ <= 10) s_.status = fail(s_, id, why);
  }

  void report(corpus const& found, std::chrono::nanoseconds took) {
    auto const left = found.documents.size() - written_ - unchanged_ - failed_;
    if (s_.json)
      std::cout << boost::json::value{{"files", found.files},
                                      {"templates", found.documents.size()},
                                      {"repeats", found.repeats},
                                      {"not_well_formed", found.skipped},
                                      {"written", written_},
                                      {"unchanged", unchanged_},
                                      {"failed", failed_},
                                      {"not_reached", left},
                                      {"degraded", degraded_},
                                      {"seconds", seconds(took)},
                                      {"interrupted", interrupted.load()}}
                << '\n';
    else
      std::cout << std::format(
          "{}: {}, {} repeated (the last one counts), {} not well formed\n"
          "written {}, unchanged {}, failed {}, not reached {}, in {:.1f} s\n{}",
          counted(found.files, "file"), counted(found.documents.size(), "template"), grouped(found.repeats),
          grouped(found.skipped), grouped(written_), grouped(unchanged_), grouped(failed_), grouped(left),
          seconds(took),
          degraded_ == 0 ? ""
                         : std::format("{} written, but a tier above cold could not be told\n", grouped(degraded_)));
    if (interrupted) {
      std::cerr << "knowledge: interrupted; the same command goes on from here\n";
      s_.status = outcome::interrupted;
    } else if (failed_ != 0 && written_ + unchanged_ != 0) {
      s_.status = outcome::incomplete;
    }
  }

  static constexpr std::size_t max_batch_bytes = 8 << 20;

  Invocation& s_;
  import_arguments const& given_;
  std::optional<progress> bar_;
  std::size_t written_ = 0, unchanged_ = 0, failed_ = 0, degraded_ = 0;
  bool going_ = true;
};

/// Reads every document through the cache and compares.
void check_import(auto& s, import_arguments const& given) {
  auto const found = read_corpus(given.paths);
  with_cache(s, [&](auto& cache) {
    std::size_t same = 0, different = 0, missing = 0, failed = 0, asked = 0;
    std::array<std::size_t, 4> from{};
    progress bar{"checking", found.documents.size()};
    for (auto const& d : found.documents) {
      if (interrupted) break;
      bar.at(asked++);
      auto const trouble = [&](strata::error const& why) {
        bar.clear();
        if (++failed <= 10) (void)fail(s, d.id, why);
      };
      try {
        auto expected = asset_of(d, given.type);
        auto const hit = cache.get(d.id);
        if (hit) {
          ++from[static_cast<std::size_t>(hit.tier())];
          expected.version = hit->version;
          ++(*hit == expected ? same : different);
        } else if (hit.absent()) {
          ++missing;
        } else {
          trouble(hit.error());
        }
      } catch (std::runtime_error const& unreadable) {
        trouble(strata::error{strata::errc::rejected, strata::tier::none, unreadable.what()});
      }
    }
    bar.clear();
    auto const [none, hot, warm, cold] = from;
    if (s.json)
      std::cout << boost::json::value{{"asked", asked},     {"same", same},     {"different", different},
                                      {"missing", missing}, {"failed", failed}, {"hot", hot},
                                      {"warm", warm},       {"cold", cold}}
                << '\n';
    else
      std::cout << std::format(
          "asked for {}: {} as imported, {} different, {} missing, {} failed\nanswered by hot {}, warm {}, cold {}\n",
          counted(asked, "template"), grouped(same), grouped(different), grouped(missing), grouped(failed),
          grouped(hot), grouped(warm), grouped(cold));
    if (interrupted)
      s.status = outcome::interrupted;
    else if (same != asked)
      s.status = outcome::incomplete;
  });
}

void add_import(CLI::App& app, auto& s) {
  add_command<import_arguments>(
      app, s, "import", "Writes whole collections of templates",
      "Where PATH has *.snippets files (snipMate's or UltiSnips' format), each snippet in them is a template with\n"
      "the id vim/<file>/<trigger>; else each file is one, with its path below PATH as id. Of several with one id\n"
      "the last counts. A file *.jsonl or *.jsonl.zst is what `knowledge export` wrote, and is restored, alone.\n"
      "What is there already is not written again: an interrupted import is completed by running it again.\n\n"
      "Examples:\n"
      "  knowledge import /usr/share/vim-snippets\n"
      "  knowledge import --type prompt ~/prompts\n"
      "  knowledge import --check /usr/share/vim-snippets",
      [](CLI::App& command, import_arguments& given) {
        offer_all(command, "PATH", given.paths, "Files and folders")->required();
        command.add_option("--type", given.type, "What sort of knowledge it is")->capture_default_str();
        command.add_option("--batch", given.batch, "How many are written at once")
            ->capture_default_str()
            ->check(CLI::Range(1, 1000));
        command.add_flag("--check", given.check, "Write nothing: read all of it and tell what is missing or different");
      },
      [](auto& call, import_arguments const& given) {
        auto const exported = std::ranges::find_if(given.paths, is_export);
        if (exported != given.paths.end() && given.paths.size() > 1)
          throw CLI::ValidationError{exported->string(), "an export is restored by a call of its own"};
        if (exported != given.paths.end())
          run_restore(call, given.paths.front(), given.check);
        else if (given.check)
          check_import(call, given);
        else
          importing{call, given}.run();
      });
}

}  // namespace knowledge_tool
