#include "output.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"

namespace baton::cli {
namespace {

std::string program_name = "baton";  // NOLINT(*-avoid-non-const-global-variables)

[[noreturn]] void throw_write_error() {
    const int error = errno;
    if (error == EPIPE) throw ClosedPipe();
    throw Error(ErrorCode::stream_failed,
                "stdout cannot be written: " + std::generic_category().message(error));
}

bool is_terminal() {
    static const bool terminal = isatty(STDOUT_FILENO) == 1;
    return terminal;
}

bool is_colourful() {
    static const bool colourful =
        is_terminal() && std::getenv("NO_COLOR") == nullptr;  // NOLINT(concurrency-mt-unsafe)
    return colourful;
}

// How many columns of a terminal a UTF-8 text takes, if no character is a wide one.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool looks_like_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789.+-eE") == std::string_view::npos &&
           text.find_first_of("0123456789") != std::string_view::npos &&
           text.find('-', 1) == std::string_view::npos;  // a date or a uuid is no number
}

}  // namespace

void write_out(std::string_view text) {
    if (text.empty()) return;
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) throw_write_error();
}

void write_json(std::string_view json) { write_out(terminal_json(json) + "\n"); }

void flush_out() {
    if (std::fflush(stdout) != 0) throw_write_error();
}

std::string coloured(std::string_view text, Colour colour) {
    if (!is_colourful()) return std::string(text);
    constexpr const char* codes[] = {"\033[31m", "\033[33m", "\033[32m", "\033[2m"};
    return codes[static_cast<std::size_t>(colour)] + std::string(text) + "\033[0m";
}

void name_program(std::string name) { program_name = std::move(name); }

std::string advice(std::string_view text) {
    std::string told(text);
    for (const std::string_view before : {"`", "\"", ": ", "then "}) {
        const std::string said = std::string(before) + "baton ";
        const std::string meant = std::string(before) + program_name + " ";
        for (std::size_t at = 0; (at = told.find(said, at)) != std::string::npos;
             at += meant.size()) {
            told.replace(at, said.size(), meant);
        }
    }
    return terminal_line(told);
}

std::string csv_line(const std::vector<std::optional<std::string>>& fields) {
    std::string line;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i != 0) line += ',';
        if (fields[i]) line += csv_field(is_terminal() ? terminal_line(*fields[i]) : *fields[i]);
    }
    return line + '\n';
}

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

void Table::add(const std::vector<std::optional<std::string>>& cells) {
    BATON_CHECK(cells.size() == headings_.size());
    std::vector<std::string>& row = rows_.emplace_back();
    for (const auto& cell : cells) row.push_back(terminal_line(cell.value_or("")));
}

void Table::print(int indent) const {
    std::vector<std::size_t> widths;
    std::vector<bool> is_number;
    for (std::size_t column = 0; column < headings_.size(); ++column) {
        std::size_t width = width_of(headings_[column]);
        bool numbers = !rows_.empty();
        for (const auto& row : rows_) {
            width = std::max(width, width_of(row[column]));
            numbers = numbers && (row[column].empty() || looks_like_number(row[column]));
        }
        widths.push_back(width);
        is_number.push_back(numbers);
    }
    print_row(headings_, widths, is_number, indent);
    for (const auto& row : rows_) print_row(row, widths, is_number, indent);
}

void Table::print_row(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                      const std::vector<bool>& is_number, int indent) const {
    std::string line(static_cast<std::size_t>(indent), ' ');
    for (std::size_t column = 0; column < cells.size(); ++column) {
        if (column != 0) line += "  ";
        const std::string padding(widths[column] - width_of(cells[column]), ' ');
        line += is_number[column] ? padding + cells[column] : cells[column] + padding;
    }
    line.resize(line.find_last_not_of(' ') + 1);  // npos + 1 is 0: a line of blanks
    if (&cells == &headings_) line = coloured(line, Colour::dim);
    write_out(line + '\n');
}

}  // namespace baton::cli
