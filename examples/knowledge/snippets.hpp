// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

// The two formats that Vim's template collections are written in. Both are read as text: what a template would run when
// it is expanded stays as it stands.
namespace knowledge_tool {

struct snippet {
  std::string trigger;      ///< what a person types to get the template
  std::string description;  ///< may be empty
  std::string options;      ///< UltiSnips only
  std::string body;
};

enum class snippet_format { snipmate, ultisnips };

/// \returns ultisnips where a line `endsnippet` closes something, else snipmate
snippet_format format_of(std::string_view text);

/// The snippets of one file in their order, repeats included.
/// \param skipped  is raised by one for each that is not well formed (no trigger, no end)
std::vector<snippet> read_snippets(std::string_view text, std::size_t& skipped);

}  // namespace knowledge_tool
