// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "corpus.hpp"

#include "snippets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace knowledge_tool {
namespace {

namespace fs = std::filesystem;

std::string read_file(fs::path const& file) {
  std::ifstream in{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
  if (!in.is_open() || in.bad()) throw std::runtime_error{file.string() + ": " + std::strerror(errno)};
  return text;
}

std::vector<fs::path> files_below(fs::path const& path) {
  if (!fs::is_directory(path)) {
    if (!fs::exists(path)) throw std::runtime_error{path.string() + ": there is no such file or folder"};
    return {path};
  }
  std::vector<fs::path> files;
  std::error_code failed;
  fs::path last = path;
  for (fs::recursive_directory_iterator at{path, failed}; !failed && at != fs::end(at); at.increment(failed)) {
    last = at->path();
    if (at->is_regular_file()) files.push_back(last);
  }
  if (failed) throw std::runtime_error{last.string() + ": " + failed.message()};
  std::ranges::sort(files);
  return files;
}

class gatherer {
 public:
  void add_snippets(fs::path const& file) {
    auto const text = read_file(file);
    auto const name = file.stem().string();
    auto const format = format_of(text) == snippet_format::ultisnips ? "UltiSnips" : "snipMate";
    for (auto& one : read_snippets(text, found.skipped)) {
      document d{.id = "vim/" + name + "/" + one.trigger, .text = std::move(one.body), .file = {}, .metadata = {}};
      d.metadata = {{"collection", "vim-snippets"}, {"file", name}, {"format", format}};
      if (!one.description.empty()) d.metadata["description"] = std::move(one.description);
      if (!one.options.empty()) d.metadata["options"] = std::move(one.options);
      add(std::move(d));
    }
    ++found.files;
  }
  void add_file(std::string id, fs::path const& file) {
    add({.id = std::move(id), .text = {}, .file = file, .metadata = {}});
    ++found.files;
  }
  corpus finish() && {
    for (auto& [id, d] : by_id_) found.documents.push_back(std::move(d));
    return std::move(found);
  }

  corpus found;

 private:
  void add(document d) {
    auto id = d.id;
    if (!by_id_.insert_or_assign(std::move(id), std::move(d)).second) ++found.repeats;
  }
  std::map<std::string, document> by_id_;
};

}  // namespace

corpus read_corpus(std::vector<fs::path> const& paths) {
  gatherer all;
  auto const is_snippets = [](fs::path const& file) { return file.extension() == ".snippets"; };
  for (auto const& path : paths) {
    auto const files = files_below(path);
    bool const snippets = std::ranges::any_of(files, is_snippets);
    for (auto const& file : files) {
      if (!snippets)
        all.add_file(file == path ? file.filename().string() : file.lexically_relative(path).generic_string(), file);
      else if (is_snippets(file))
        all.add_snippets(file);
    }
  }
  return std::move(all).finish();
}

std::string text_of(document const& d) { return d.file.empty() ? d.text : read_file(d.file); }

}  // namespace knowledge_tool
