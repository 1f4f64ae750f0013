#include "ndjson.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/dispatch.hpp"
#include "baton/types/json.hpp"
#include "baton/types/upcast.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace baton::cli {
namespace {

constexpr std::array<std::string_view, 7> fields{"type", "payload",     "key",           "tenant",
                                                 "meta", "dispatch_id", "schema_version"};

// The text of a field that may be absent or null. Throws simdjson_error for anything else.
std::optional<std::string> text_of(simdjson::ondemand::value value) {
    if (value.is_null()) return std::nullopt;
    return std::string(std::string_view(value.get_string()));
}

// Any JSON, just as it was written: a number keeps all its digits.
std::string json_of(simdjson::ondemand::value value) {
    std::string_view raw = simdjson::to_json_string(value);
    while (raw.ends_with(' ') || raw.ends_with('\t') || raw.ends_with('\r')) raw.remove_suffix(1);
    return std::string(raw);
}

// Throws std::invalid_argument with what is wrong.
int version_of(simdjson::ondemand::value value) {
    if (value.is_null()) return 1;
    std::int64_t version = 0;
    if (value.get_int64().get(version) != simdjson::SUCCESS || version < 1 ||
        version > types::schema_version_max) {
        throw std::invalid_argument("schema_version must be a whole number from 1 to 32767");
    }
    return static_cast<int>(version);
}

// Throws std::invalid_argument with what is wrong.
void take_field(std::string_view name, simdjson::ondemand::value value, NewEvent& event) {
    if (name == "type") {
        event.type = text_of(value).value_or("");
    } else if (name == "payload") {
        event.payload = json_of(value);
    } else if (name == "key") {
        event.key = text_of(value);
    } else if (name == "tenant") {
        event.tenant = text_of(value);
    } else if (name == "meta") {
        event.meta = json_of(value);
        if (event.meta == "null") event.meta.reset();
    } else if (name == "dispatch_id") {
        const auto text = text_of(value);
        if (text) event.dispatch_id = Uuid::from_text(*text);
        if (text && !event.dispatch_id) throw std::invalid_argument("dispatch_id is no uuid");
    } else if (name == "schema_version") {
        event.schema_version = version_of(value);
    } else {
        const auto near = nearest(name, fields);
        throw std::invalid_argument("unknown field " + json_quoted(name.substr(0, 80)) +
                                    (near ? ", did you mean " + std::string(*near) : ""));
    }
}

// What is wrong with the line's JSON, or `otherwise`, if nothing is.
std::string fault_of(const std::string& line, const std::string& otherwise) {
    const auto fault = types::json_fault(line);
    return fault ? "not JSON: " + *fault : otherwise;
}

std::size_t place_of(std::string_view name) {
    return static_cast<std::size_t>(std::ranges::find(fields, name) - fields.begin());
}

// Throws std::invalid_argument with what is wrong.
NewEvent parse(simdjson::ondemand::parser& parser, const std::string& line) {
    const simdjson::padded_string padded(line);
    NewEvent event;
    std::array<bool, fields.size()> given{};
    try {
        simdjson::ondemand::document document = parser.iterate(padded);
        if (document.type() != simdjson::ondemand::json_type::object) {
            throw std::invalid_argument(fault_of(line, "a line must be a JSON object"));
        }
        for (auto field : document.get_object()) {
            const std::string_view name = field.unescaped_key();
            take_field(name, field.value(), event);
            bool& is_given = given[place_of(name)];
            if (std::exchange(is_given, true)) {
                throw std::invalid_argument("the field " + std::string(name) + " is given twice");
            }
        }
        if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
            throw std::invalid_argument(fault_of(line, "something follows the JSON object"));
        }
    } catch (const simdjson::simdjson_error& error) {
        const std::string what = error.error() == simdjson::INCORRECT_TYPE
                                     ? "type, key, tenant and dispatch_id must be texts"
                                     : std::string("not JSON: ") + error.what();
        throw std::invalid_argument(fault_of(line, what));
    }
    if (event.type.empty()) throw std::invalid_argument("the field type is missing or empty");
    return event;
}

// The longest line that can be an event: each field at its limit, with every character escaped, and
// as much again for what JSON leaves open.
std::size_t line_max(sql::Connection& connection) {
    sql::Transaction transaction(connection);
    const sql::Result rows = transaction.exec(
        "select 12 * (payload_bytes + meta_bytes + 8192::bigint) from dispatch_limits()");
    return static_cast<std::size_t>(rows.only().integer(0));
}

// The next line; false at the end. Throws std::invalid_argument for one that is longer than
// `length_max`, which is not read to its end.
bool read_line(std::istream& input, std::size_t length_max, std::string& line) {
    std::array<char, std::size_t{16} * 1024> part{};
    line.clear();
    for (;;) {
        input.getline(part.data(), part.size());
        const auto count = static_cast<std::size_t>(input.gcount());
        const bool is_whole = input.good();
        line.append(part.data(), is_whole ? count - 1 : count);
        if (line.size() > length_max) {
            throw std::invalid_argument("the line is longer than " + std::to_string(length_max) +
                                        " bytes, which no event is; an event is a line");
        }
        if (is_whole) return true;
        if (input.eof() || input.bad()) return !line.empty();
        input.clear();  // the part is full
    }
}

class Dispatching {
public:
    Dispatching(sql::Connection& connection, std::string name)
        : connection_(connection), name_(std::move(name)) {}

    // read_line(), whose refusal is that of line `number`.
    bool read(std::istream& input, std::size_t length_max, std::size_t number, std::string& line) {
        try {
            return read_line(input, length_max, line);
        } catch (const std::invalid_argument& error) {
            refuse(number, error.what());
        }
    }

    void add(std::size_t number, const std::string& line) {
        try {
            events_.push_back(parse(parser_, line));
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
                refuse(lines_[i].number, fault_of(lines_[i].text, error.what()));
            }
        }
    }

    sql::Connection& connection_;
    const std::string name_;
    simdjson::ondemand::parser parser_;
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
