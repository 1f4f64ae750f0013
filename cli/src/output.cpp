#include "output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <system_error>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"

namespace baton::cli {
namespace {

std::string program_name = "baton";      // NOLINT(*-avoid-non-const-global-variables)
std::vector<std::string> program_verbs;  // NOLINT(*-avoid-non-const-global-variables)

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

// Where the first `columns` columns of a UTF-8 text end.
std::size_t end_of_columns(std::string_view text, std::size_t columns) {
    std::size_t end = 0;
    for (std::size_t seen = 0; end < text.size(); ++end) {
        if ((static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U && ++seen > columns) break;
    }
    return end;
}

// Takes what is too much from the last text, a reason that is told elsewhere in full; then from the
// widest of the others, and at last from the first, which says what the row is of.
void narrow(std::vector<std::size_t>& widths, const std::vector<bool>& is_number,
            std::size_t width) {
    constexpr std::size_t narrowest = 8;
    std::size_t total = 2 * (widths.size() - 1);
    for (const std::size_t each : widths) total += each;
    const auto take_from = [&](std::size_t from, std::size_t to) {
        for (; total > width; --total) {
            std::size_t* widest = nullptr;
            for (std::size_t i = from; i < to; ++i) {
                if (is_number[i] || widths[i] <= narrowest) continue;
                if (widest == nullptr || widths[i] > *widest) widest = &widths[i];
            }
            if (widest == nullptr) return;
            --*widest;
        }
    };
    take_from(widths.size() - 1, widths.size());
    take_from(1, widths.size());
    take_from(0, 1);
}

bool looks_like_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789.+-eE") == std::string_view::npos &&
           text.find_first_of("0123456789") != std::string_view::npos &&
           text.find('-', 1) == std::string_view::npos;  // a date or a uuid is no number
}

}  // namespace

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

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

void name_program(std::string name, const std::vector<Verb>& verbs) {
    program_name = std::move(name);
    program_verbs.clear();
    for (const Verb& verb : verbs) program_verbs.push_back(verb.name);
}

std::string advice(std::string_view text) {
    constexpr std::string_view own = "baton ";
    std::string told;
    for (std::size_t at = 0; at < text.size();) {
        const bool begins =
            at == 0 || std::string_view(" `\"(").find(text[at - 1]) != std::string_view::npos;
        const std::string_view rest = text.substr(at);
        const std::string_view next = rest.substr(std::min(own.size(), rest.size()));
        const std::string_view word =
            next.substr(0, next.find_first_not_of("abcdefghijklmnopqrstuvwxyz"));
        if (begins && rest.starts_with(own) &&
            std::ranges::find(program_verbs, word) != program_verbs.end()) {
            told += program_name + " ";
            at += own.size();
        } else {
            told += text[at++];
        }
    }
    return terminal_line(told);
}

std::size_t screen_width() {
    constexpr std::size_t usual = 80;
    constexpr std::size_t narrowest = 40;
    std::size_t width = usual;
    winsize size{};
    const char* const columns = std::getenv("COLUMNS");  // NOLINT(concurrency-mt-unsafe)
    if (columns != nullptr) {
        const std::string_view text(columns);
        std::from_chars(text.data(), text.data() + text.size(), width);
    } else if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
               size.ws_col > 0) {
        width = size.ws_col;
    }
    return std::max(width, narrowest);
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
    std::string lines;
    while (width_of(text) > width) {
        const std::size_t end = end_of_columns(text, width);
        // A blank right after the line is a place to break, too.
        const std::size_t blank = text.substr(0, end + 1).rfind(' ');
        const bool is_broken_word = blank == std::string_view::npos || blank == 0;
        const std::size_t taken = is_broken_word ? end : blank;
        lines += std::string(text.substr(0, taken)) + '\n' + std::string(indent, ' ');
        text.remove_prefix(is_broken_word ? taken : taken + 1);
    }
    return lines + std::string(text);
}

std::string shortened(std::string_view text, std::size_t width) {
    if (width_of(text) <= width) return std::string(text);
    return std::string(text.substr(0, end_of_columns(text, width - 1))) + "\u2026";
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

void Table::print(int indent, std::size_t width) const {
    std::vector<std::size_t> widths;
    std::vector<bool> is_number;
    for (std::size_t column = 0; column < headings_.size(); ++column) {
        std::size_t widest = width_of(headings_[column]);
        bool numbers = !rows_.empty();
        for (const auto& row : rows_) {
            widest = std::max(widest, width_of(row[column]));
            numbers = numbers && (row[column].empty() || looks_like_number(row[column]));
        }
        widths.push_back(widest);
        is_number.push_back(numbers);
    }
    const auto margin = static_cast<std::size_t>(indent);
    narrow(widths, is_number, std::max(width, margin) - margin);
    print_row(headings_, widths, is_number, indent);
    for (const auto& row : rows_) print_row(row, widths, is_number, indent);
}

void Table::print_row(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                      const std::vector<bool>& is_number, int indent) const {
    std::string line(static_cast<std::size_t>(indent), ' ');
    for (std::size_t column = 0; column < cells.size(); ++column) {
        if (column != 0) line += "  ";
        const std::string cell = shortened(cells[column], widths[column]);
        const std::string padding(widths[column] - width_of(cell), ' ');
        line += is_number[column] ? padding + cell : cell + padding;
    }
    line.resize(line.find_last_not_of(' ') + 1);  // npos + 1 is 0: a line of blanks
    if (&cells == &headings_) line = coloured(line, Colour::dim);
    write_out(line + '\n');
}

}  // namespace baton::cli
