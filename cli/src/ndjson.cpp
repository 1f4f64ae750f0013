#include "ndjson.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/sql/dispatch.hpp"
#include "ndjson_line.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace baton::cli {
namespace {

// The longest line that can be an event: each field at its limit, with every character escaped, and
// as much again for what JSON leaves open.
std::size_t line_max(sql::Connection& connection) {
    sql::Transaction transaction(connection);
    const sql::Result rows = transaction.exec(
        "select 12 * (payload_bytes + meta_bytes + 8192::bigint) from dispatch_limits()");
    return static_cast<std::size_t>(rows.only().integer(0));
}

class Dispatching {
public:
    Dispatching(sql::Connection& connection, std::string name)
        : connection_(connection), name_(std::move(name)) {}

    // read_ndjson_line(), whose refusal is that of line `number`.
    bool read(std::istream& input, std::size_t length_max, std::size_t number, std::string& line) {
        try {
            return read_ndjson_line(input, length_max, line);
        } catch (const std::invalid_argument& error) {
            refuse(number, error.what());
        }
    }

    void add(std::size_t number, const std::string& line) {
        try {
            events_.push_back(parser_.parse(line));
            lines_.push_back({number, line});
        } catch (const std::invalid_argument& error) {
            refuse(number, error.what());
        }
    }
    [[nodiscard]] std::size_t waiting() const { return events_.size(); }
    [[nodiscard]] std::size_t dispatched() const { return dispatched_; }

    void write() {
        if (events_.empty()) return;
        try {
            sql::Transaction transaction(connection_);
            dispatch_many(transaction.raw(), events_);
            transaction.commit();
        } catch (const Error& error) {
            if (!error.retryable() && !error.loses_connection()) refuse_culprit();
            throw;
        }
        dispatched_ += events_.size();
        events_.clear();
        lines_.clear();
    }

private:
    struct Line {
        std::size_t number;
        std::string text;
    };

    [[noreturn]] void refuse(std::size_t number, const std::string& what) const {
        throw Error(ErrorCode::event_invalid, name_ + ":" + std::to_string(number) + ": " + what +
                                                  "; nothing of its batch was written, " +
                                                  std::to_string(dispatched_) +
                                                  " events before it were");
    }

    // Which of the lines it was: the same again, one by one, and never committed.
    void refuse_culprit() {
        sql::Transaction transaction(connection_);
        for (std::size_t i = 0; i < events_.size(); ++i) {
            try {
                dispatch(transaction.raw(), events_[i]);
            } catch (const Error& error) {
                if (error.retryable() || error.loses_connection()) throw;
                refuse(lines_[i].number, NdjsonParser::fault_of(lines_[i].text, error.what()));
            }
        }
    }

    sql::Connection& connection_;
    const std::string name_;
    NdjsonParser parser_;
    std::vector<NewEvent> events_;
    std::vector<Line> lines_;  // of events_
    std::size_t dispatched_ = 0;
};

std::uintmax_t size_of(const std::string& file) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(file, error);
    return error ? 0 : size;
}

std::optional<double> part_of(std::uintmax_t bytes, std::uintmax_t size) {
    if (size == 0) return std::nullopt;
    return static_cast<double>(bytes) / static_cast<double>(size);
}

}  // namespace

void require_stdin_was_read() {
    if (std::ferror(stdin) != 0 || std::cin.bad()) {
        throw Error(ErrorCode::stream_failed,
                    "stdin cannot be read any further; nothing of its rest was written");
    }
}

int dispatch_ndjson(sql::Connection& connection, const std::string& file, std::size_t batch) {
    const bool is_stdin = file == "-";
    std::ifstream opened;
    if (!is_stdin) {
        opened.open(file);
        if (!opened || std::filesystem::is_directory(file)) {
            throw Error(ErrorCode::usage, file + ": cannot read the file");
        }
    }
    std::istream& input = is_stdin ? std::cin : opened;
    const std::uintmax_t size = is_stdin ? 0 : size_of(file);
    const ProgressBar progress;
    Dispatching dispatching(connection, is_stdin ? "stdin" : file);

    std::uintmax_t bytes = 0;
    std::size_t number = 0;
    std::string line;
    const std::size_t length_max = line_max(connection);
    while (dispatching.read(input, length_max, number + 1, line)) {
        ++number;
        bytes += line.size() + 1;
        // What some editors begin a file with says only that it is UTF-8.
        constexpr std::string_view mark = "\xEF\xBB\xBF";
        if (number == 1 && line.starts_with(mark)) line.erase(0, mark.size());
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        dispatching.add(number, line);
        if (dispatching.waiting() < batch) continue;
        dispatching.write();
        progress.show(part_of(bytes, size), std::to_string(dispatching.dispatched()) + " events");
    }
    if (is_stdin) require_stdin_was_read();
    if (input.bad()) {
        throw Error(ErrorCode::stream_failed, file + ":" + std::to_string(number + 1) +
                                                  ": cannot be read any further; " +
                                                  std::to_string(dispatching.dispatched()) +
                                                  " events before were dispatched");
    }
    dispatching.write();
    write_out("dispatched " + std::to_string(dispatching.dispatched()) + " events\n");
    return 0;
}

}  // namespace baton::cli
