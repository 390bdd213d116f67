// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "snippets.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace knowledge_tool {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view trim(std::string_view s) {
  auto const from = s.find_first_not_of(blanks);
  if (from == std::string_view::npos) return {};
  return s.substr(from, s.find_last_not_of(blanks) - from + 1);
}

/// Splits off the first word; what is left of `rest` begins with the second.
std::string_view first_word(std::string_view& rest) {
  rest = trim(rest);
  auto const word = rest.substr(0, rest.find_first_of(blanks));
  rest = trim(rest.substr(word.size()));
  return word;
}
std::string_view last_word(std::string_view s) {
  auto const blank = s.find_last_of(blanks);
  return blank == std::string_view::npos ? s : s.substr(blank + 1);
}

/// Walks over lines, which end in LF or CR LF.
class lines {
 public:
  explicit lines(std::string_view text) : rest_{text} {}
  std::optional<std::string_view> next() {
    if (rest_.empty()) return std::nullopt;
    auto const end = rest_.find('\n');
    auto line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  std::optional<std::string_view> peek() const { return lines{*this}.next(); }

 private:
  std::string_view rest_;
};

bool begins_with_word(std::string_view line, std::string_view word) {
  return line.starts_with(word) && (line.size() == word.size() || blanks.contains(line[word.size()]));
}

bool closes(std::string_view line, std::string_view word) { return line.starts_with(word) && trim(line) == word; }

/// `snippet TRIGGER DESCRIPTION`, then lines that begin with a tab or blanks, which are not part of the template.
std::vector<snippet> read_snipmate(lines from, std::size_t& skipped) {
  std::vector<snippet> all;
  while (auto const head = from.next()) {
    if (!begins_with_word(*head, "snippet")) continue;
    auto rest = head->substr(7);
    snippet one;
    one.trigger = first_word(rest);
    one.description = rest;
    while (auto const line = from.peek()) {
      if (!line->empty() && !blanks.contains(line->front())) break;
      one.body.append(line->substr(line->empty() ? 0 : 1)).push_back('\n');
      (void)from.next();
    }
    one.body.resize(one.body.find_last_not_of('\n') + 1);
    if (one.trigger.empty())
      ++skipped;
    else
      all.push_back(std::move(one));
  }
  return all;
}

/// `TRIGGER "DESCRIPTION" OPTIONS`, read from its end as UltiSnips does: a trigger with blanks, or one that is a regular
/// expression, stands between two equal characters, whichever they are.
bool read_ultisnips_head(std::string_view head, snippet& one) {
  head = trim(head);
  if (auto const last = last_word(head); last.size() < head.size() && !last.contains('"')) {
    auto const before = trim(head.substr(0, head.size() - last.size()));
    if (before.contains(' ') && before.ends_with('"')) {
      one.options = last;
      head = before;
    }
  }
  if (head.ends_with('"')) {
    auto const open = head.substr(0, head.size() - 1).rfind('"');
    if (open != std::string_view::npos && open != 0) {
      one.description = head.substr(open + 1, head.size() - open - 2);
      head = trim(head.substr(0, open));
    }
  }
  if (head.find_first_of(blanks) != std::string_view::npos || one.options.contains('r')) {
    if (head.size() < 3 || head.front() != head.back()) return false;
    head = head.substr(1, head.size() - 2);
  }
  one.trigger = head;
  return !head.empty();
}

std::vector<snippet> read_ultisnips(lines from, std::size_t& skipped) {
  std::vector<snippet> all;
  while (auto const head = from.next()) {
    bool const code = begins_with_word(*head, "global");  // helpers in Python: may hold lines that look like snippets
    if (!code && !begins_with_word(*head, "snippet")) continue;
    snippet one;
    bool good = code || read_ultisnips_head(head->substr(7), one);
    auto line = from.next();
    for (; line && !closes(*line, code ? "endglobal" : "endsnippet"); line = from.next())
      one.body.append(*line).push_back('\n');
    if (!one.body.empty()) one.body.pop_back();
    good = good && line;
    if (!good)
      ++skipped;
    else if (!code)
      all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

snippet_format format_of(std::string_view text) {
  lines from{text};
  while (auto const line = from.next())
    if (closes(*line, "endsnippet")) return snippet_format::ultisnips;
  return snippet_format::snipmate;
}

std::vector<snippet> read_snippets(std::string_view text, std::size_t& skipped) {
  return format_of(text) == snippet_format::ultisnips ? read_ultisnips(lines{text}, skipped)
                                                      : read_snipmate(lines{text}, skipped);
}

}  // namespace knowledge_tool
