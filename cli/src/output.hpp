// What the verbs print on stdout: text, tables for people, CSV.
//
// A reader that has enough (`| head`) closes the pipe. That is no failure, so writing then throws
// ClosedPipe, which App::run() turns into a silent end.
//
// Threads: the main thread only.
#pragma once

#include <cstdio>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verb.hpp"

namespace baton::cli {

/// Nobody reads our stdout any more.
class ClosedPipe : public std::exception {};

/// How the program calls itself, and which verbs are Baton's, for advice(). Once, before anything
/// is printed.
void name_program(std::string name, const std::vector<Verb>& verbs);

/// Writes to stdout. Throws ClosedPipe, or Error(stream_failed) where it cannot be written.
void write_out(std::string_view text);
/// Writes JSON and a line end, see terminal_json().
void write_json(std::string_view json);
/// Makes what was written visible now. Throws as write_out().
void flush_out();

enum class Colour { red, yellow, green, dim };

/// `text` in a colour, if stdout is a terminal and NO_COLOR is not set; else `text`.
[[nodiscard]] std::string coloured(std::string_view text, Colour colour);

/// A text of Baton's own, for one line of a terminal: the commands that it advises (`baton …`) are
/// those of this program.
[[nodiscard]] std::string advice(std::string_view text);

/// How many columns of a terminal a UTF-8 text takes, if no character is a wide one.
[[nodiscard]] std::size_t width_of(std::string_view text);

/// How many columns people have before them: of the terminal, or what COLUMNS says; else 80.
[[nodiscard]] std::size_t screen_width();
/// `text` in lines of at most `width` columns, broken at blanks where there are any. Each but the
/// first comes after `indent` spaces, which are not counted.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

/// The first `width` columns of a text that is wider, with an ellipsis at their end.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

/// One CSV line by csv_field(), with Postgres' rule for null: null is nothing, an empty text is "".
/// On a terminal each field is a terminal_line().
[[nodiscard]] std::string csv_line(const std::vector<std::optional<std::string>>& fields);

/// Rows under headings, in columns as wide as they need. Columns of numbers are right-aligned.
class Table {
public:
    explicit Table(std::vector<std::string> headings);
    /// `cells` must be as many as the headings. Nothing: null, shown as a blank.
    void add(const std::vector<std::optional<std::string>>& cells);
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    /// Writes it to stdout, each line after `indent` spaces. Where it is wider than `width`, the
    /// widest texts are cut, and end with an ellipsis; numbers never are.
    void print(int indent = 0, std::size_t width = any_width) const;

    static constexpr std::size_t any_width = std::numeric_limits<std::size_t>::max();

private:
    void print_row(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                   const std::vector<bool>& is_number, int indent) const;

    std::vector<std::string> headings_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace baton::cli
