#include "ndjson.hpp"

#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <span>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

constexpr std::array<std::string_view, 6> fields{"type",   "payload", "key",
                                                 "tenant", "meta",    "dispatch_id"};

struct Line {
    std::size_t number;
    std::string text;
};

// How far a file is read, on a terminal's last line.
class Progress {
public:
    explicit Progress(std::uintmax_t bytes_total)
        : bytes_total_(bytes_total), is_shown_(isatty(STDERR_FILENO) == 1) {}
    ~Progress() {
        if (is_shown_) std::fputs("\r\033[K", stderr);
    }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(std::size_t events, std::uintmax_t bytes) const {
        if (!is_shown_) return;
        if (bytes_total_ == 0) {
            std::fprintf(stderr, "\r%zu events", events);
            return;
        }
        constexpr std::uintmax_t width = 40;
        const std::uintmax_t done = std::min(bytes, bytes_total_);
        const std::string bar(static_cast<std::size_t>(width * done / bytes_total_), '#');
        std::fprintf(stderr, "\r[%-40s] %3ju%% %zu events", bar.c_str(), 100 * done / bytes_total_,
                     events);
    }

private:
    std::uintmax_t bytes_total_;  // 0: not known
    bool is_shown_;
};

class Dispatching {
public:
    Dispatching(sql::Connection& connection, std::string name)
        : connection_(connection), name_(std::move(name)) {}

    void add(Line line) {
        check(line);
        lines_.push_back(std::move(line));
    }
    [[nodiscard]] std::size_t waiting() const { return lines_.size(); }
    [[nodiscard]] std::size_t dispatched() const { return dispatched_; }

    void write() {
        if (lines_.empty()) return;
        try {
            write(lines_);
        } catch (const Error& error) {
            if (error.retryable() || error.loses_connection()) throw;
            refuse_culprit(error);
        }
        dispatched_ += lines_.size();
        lines_.clear();
    }

private:
    [[noreturn]] void refuse(const Line& line, const std::string& what) const {
        throw Error(ErrorCode::event_invalid, name_ + ":" + std::to_string(line.number) + ": " +
                                                  what + "; nothing of its batch was written, " +
                                                  std::to_string(dispatched_) +
                                                  " events before it were");
    }

    // What can be told without the server.
    void check(const Line& line) {
        simdjson::dom::object object;
        const simdjson::error_code error = parser_.parse(line.text).get(object);
        if (error == simdjson::INCORRECT_TYPE) refuse(line, "a line must be a JSON object");
        if (error) refuse(line, std::string("not JSON: ") + simdjson::error_message(error));
        for (const auto& field : object) {
            if (std::ranges::find(fields, field.key) != fields.end()) continue;
            const auto near = nearest(field.key, fields);
            refuse(line, "unknown field " + json_quoted(field.key.substr(0, 80)) +
                             (near ? ", did you mean " + std::string(*near) : std::string()));
        }
        if (!object["type"].is_string()) refuse(line, "the field type is missing, or no text");
    }

    void write(std::span<const Line> lines) {
        std::string events = "[";
        for (const Line& line : lines) {
            if (events.size() > 1) events += ',';
            events += line.text;
        }
        events += ']';
        sql::Transaction transaction(connection_);
        transaction.exec("select count(*) from dispatch_many(events => $1)", {events});
        transaction.commit();
    }

    // Which of the lines it was: the same again, line by line, and never committed.
    [[noreturn]] void refuse_culprit(const Error& whole) {
        sql::Transaction transaction(connection_);
        for (const Line& line : lines_) {
            try {
                transaction.exec("select dispatch_many(events => jsonb_build_array($1::jsonb))",
                                 {line.text});
            } catch (const Error& error) {
                if (error.retryable() || error.loses_connection()) throw;
                refuse(line, error.what());
            }
        }
        throw whole;
    }

    sql::Connection& connection_;
    const std::string name_;
    simdjson::dom::parser parser_;
    std::vector<Line> lines_;
    std::size_t dispatched_ = 0;
};

std::uintmax_t size_of(const std::string& file) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(file, error);
    return error ? 0 : size;
}

}  // namespace

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
    const Progress progress(is_stdin ? 0 : size_of(file));
    Dispatching dispatching(connection, is_stdin ? "stdin" : file);

    std::uintmax_t bytes = 0;
    Line line{0, {}};
    while (std::getline(input, line.text)) {
        ++line.number;
        bytes += line.text.size() + 1;
        if (line.text.find_first_not_of(" \t\r") == std::string::npos) continue;
        dispatching.add(line);
        if (dispatching.waiting() < batch) continue;
        dispatching.write();
        progress.show(dispatching.dispatched(), bytes);
    }
    dispatching.write();
    write_out("dispatched " + std::to_string(dispatching.dispatched()) + " events\n");
    return 0;
}

}  // namespace baton::cli
