// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

// What `import` takes from a path: the templates of Vim's snippet files where there are any, else every file.
namespace knowledge_tool {

struct document {
  std::string id;
  std::string text;            ///< empty while `file` is set
  std::filesystem::path file;  ///< whose content is the text: read when it is needed, since a folder may be large
  std::map<std::string, std::string, std::less<>> metadata;
};

struct corpus {
  std::vector<document> documents;  ///< ordered by id, each id once
  std::size_t files = 0;
  std::size_t repeats = 0;  ///< documents replaced by a later one of the same id
  std::size_t skipped = 0;  ///< snippets that are not well formed
};

/// Lists what is below the paths, in an order that does not depend on the file system.
/// Snippet files: `vim/<file>/<trigger>`. Other files: the path below PATH, or the name where PATH is a file.
/// \throws std::filesystem::filesystem_error, std::runtime_error: a path that is not there or cannot be read
corpus read_corpus(std::vector<std::filesystem::path> const& paths);

/// The document's text. \throws std::runtime_error: the file cannot be read (any more)
std::string text_of(document const& d);

}  // namespace knowledge_tool
