#include "ndjson_line.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <istream>
#include <optional>
#include <stdexcept>
#include <utility>

#include "baton/base/text.hpp"
#include "baton/types/json.hpp"
#include "baton/types/upcast.hpp"

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

std::size_t place_of(std::string_view name) {
    return static_cast<std::size_t>(std::ranges::find(fields, name) - fields.begin());
}

}  // namespace

struct NdjsonParser::Parser {
    simdjson::ondemand::parser parser;
};

NdjsonParser::NdjsonParser() : parser_(std::make_unique<Parser>()) {}
NdjsonParser::~NdjsonParser() = default;

std::string NdjsonParser::fault_of(const std::string& line, const std::string& otherwise) {
    const auto fault = types::json_fault(line);
    return fault ? "not JSON: " + *fault : otherwise;
}

NewEvent NdjsonParser::parse(const std::string& line) {
    const simdjson::padded_string padded(line);
    NewEvent event;
    std::array<bool, fields.size()> given{};
    try {
        simdjson::ondemand::document document = parser_->parser.iterate(padded);
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

bool read_ndjson_line(std::istream& input, std::size_t length_max, std::string& line) {
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

}  // namespace baton::cli
