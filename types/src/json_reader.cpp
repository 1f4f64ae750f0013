// The JSON side of ValueReader, on simdjson's on-demand parser: it builds no tree, and what
// nobody asks for is passed over.
//
// simdjson may read up to SIMDJSON_PADDING bytes behind a document. Each document is therefore
// copied into a buffer of our own that has them; for a payload of usual size that costs a
// few nanoseconds, and asks nothing of whoever owns the text.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <vector>

#include <simdjson.h>

#include "baton/types/codec.hpp"

namespace baton::types {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

std::string_view fault_text(simdjson::error_code fault) {
    switch (fault) {
        case simdjson::UTF8_ERROR:
            return "not valid UTF-8";
        case simdjson::EMPTY:
            return "empty";
        case simdjson::STRING_ERROR:
            return "a string with a broken escape";
        case simdjson::UNESCAPED_CHARS:
            return "a raw control character in a string";
        case simdjson::UNCLOSED_STRING:
            return "a string without an end";
        case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
            return "JSON that ends too early";
        default:
            return "not valid JSON";
    }
}

class JsonReader final : public ValueReader {
public:
    void start(std::string_view bytes) override {
        restart();
        levels_.clear();
        is_root_ = true;
        if (bytes.size() > ReaderLimits{}.bytes_max) fail("longer than 64 MiB");
        const std::size_t needed = bytes.size() + simdjson::SIMDJSON_PADDING;
        if (buffer_.size() < needed) buffer_.resize(std::max(needed, buffer_.size() * 2));
        std::copy(bytes.begin(), bytes.end(), buffer_.begin());
        std::memset(buffer_.data() + bytes.size(), 0, simdjson::SIMDJSON_PADDING);
        check(parser_.iterate(buffer_.data(), bytes.size(), buffer_.size()).get(document_));
    }

    void finish() override {
        if (document_.current_location().error() != simdjson::OUT_OF_BOUNDS) {
            fail("something follows after the JSON value");
        }
    }

    bool take_null() override { return token() == "null"; }

    void enter_object() override {
        ondemand::object object;
        const auto fault =
            is_root_ ? document_.get_object().get(object) : value_.get_object().get(object);
        if (fault == simdjson::INCORRECT_TYPE) fail_type("an object");
        check(fault);
        is_root_ = false;
        enter(false);
        check(object.begin().get(levels_.emplace_back().object));
    }

    bool next_field(std::string_view& name) override {
        Level& level = levels_.back();
        if (level.is_begun) ++level.object;
        level.is_begun = true;
        if (level.object == ondemand::object_iterator{}) {
            levels_.pop_back();
            leave();
            return false;
        }
        ondemand::field field;
        check((*level.object).get(field));
        name = name_of(field);
        step().field = name;
        value_ = field.value();
        return true;
    }

    void enter_array() override {
        ondemand::array array;
        const auto fault =
            is_root_ ? document_.get_array().get(array) : value_.get_array().get(array);
        if (fault == simdjson::INCORRECT_TYPE) fail_type("an array");
        check(fault);
        is_root_ = false;
        enter(true);
        check(array.begin().get(levels_.emplace_back().array));
    }

    bool next_element() override {
        Level& level = levels_.back();
        if (level.is_begun) ++level.array;
        level.is_begun = true;
        if (level.array == ondemand::array_iterator{}) {
            levels_.pop_back();
            leave();
            return false;
        }
        ++step().element;
        check((*level.array).get(value_));
        return true;
    }

    // The iterators pass over what was not read.
    void skip() override {}

    bool boolean() override {
        const std::string_view word = token();
        if (word == "true") return true;
        if (word != "false") fail_type("a boolean");
        return false;
    }

    std::int64_t integer() override {
        const std::string_view number = number_token("an integer");
        std::int64_t value = 0;
        const auto [end, fault] =
            std::from_chars(number.data(), number.data() + number.size(), value);
        if (fault == std::errc::result_out_of_range) {
            fail("expected an integer of 64 bits, found a larger number");
        }
        if (end != number.data() + number.size()) {
            fail("expected an integer, found a number with a fraction or an exponent");
        }
        return value;
    }

    double real() override {
        const std::string_view number = number_token("a number");
        double value = 0;
        const auto [end, fault] =
            std::from_chars(number.data(), number.data() + number.size(), value);
        if (fault == std::errc::result_out_of_range) {
            fail("expected a double, found a number that is too large or too small for it");
        }
        if (end != number.data() + number.size()) fail("not valid JSON");
        return value;
    }

    std::string_view text(std::string_view expected) override {
        if (token().empty() || token()[0] != '"') fail_type(expected);
        std::string_view text;
        check(value_.get_string().get(text));
        if (text.find('\0') != std::string_view::npos) {
            fail("a text with a NUL character (\\u0000) cannot be stored");
        }
        return text;
    }

    Decimal decimal() override {
        const std::string_view scalar = token();
        const bool is_text = !scalar.empty() && scalar[0] == '"';
        const auto value =
            Decimal::from_text(is_text ? text("a decimal") : number_token("a decimal"));
        if (value) return *value;
        if (is_text) fail("expected a decimal, found a string");
        fail("expected a decimal of at most 38 digits, found a longer number");
    }

    Json json() override {
        std::string_view raw = token();
        if (!raw.empty() && raw[0] == '{') {
            ondemand::object object;
            check(value_.get_object().get(object));
            check(object.raw_json().get(raw));
        } else if (!raw.empty() && raw[0] == '[') {
            ondemand::array array;
            check(value_.get_array().get(array));
            check(array.raw_json().get(raw));
        }
        while (!raw.empty() && is_space(raw.back())) raw.remove_suffix(1);
        if (const auto fault = json_fault(raw)) fail("not JSON that can be stored: " + *fault);
        return Json::parse(raw);
    }

private:
    struct Level {
        ondemand::object_iterator object;
        ondemand::array_iterator array;
        bool is_begun = false;
    };

    void check(simdjson::error_code fault) const {
        if (fault != simdjson::SUCCESS) fail(fault_text(fault));
    }

    // A name without escapes, which is every usual one, is taken from the buffer as it is.
    std::string_view name_of(ondemand::field& field) {
        const char* const raw = field.key().raw();
        for (const char* end = raw; *end != '\\'; ++end) {
            if (*end == '"') return {raw, static_cast<std::size_t>(end - raw)};
        }
        std::string_view name;
        check(field.unescaped_key().get(name));
        return name;
    }

    // The value's first token: all of a scalar, or the bracket of what has parts.
    std::string_view token() {
        std::string_view token;
        if (is_root_) {
            check(document_.raw_json_token().get(token));
        } else {
            token = value_.raw_json_token();
        }
        while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
        return token;
    }

    std::string_view number_token(std::string_view expected) {
        const std::string_view number = token();
        const std::size_t begin = !number.empty() && number[0] == '-' ? 1 : 0;
        if (begin >= number.size() || !is_digit(number[begin])) fail_type(expected);
        if (number[begin] == '0' && begin + 1 < number.size() && is_digit(number[begin + 1])) {
            fail("not valid JSON");
        }
        for (const char c : number) {
            if (!is_digit(c) && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E') {
                fail("not valid JSON");
            }
        }
        return number;
    }

    [[noreturn]] void fail_type(std::string_view expected) {
        fail("expected " + std::string(expected) + ", found " + std::string(found()));
    }

    std::string_view found() {
        const std::string_view here = token();
        if (here == "null") return "null";
        if (here == "true" || here == "false") return "a boolean";
        switch (here.empty() ? '\0' : here[0]) {
            case '{':
                return "an object";
            case '[':
                return "an array";
            case '"':
                return "a string";
            case '-':
                return "a number";
            default:
                break;
        }
        return !here.empty() && is_digit(here[0]) ? "a number" : "what is not JSON";
    }

    ondemand::parser parser_;
    std::vector<char> buffer_;
    ondemand::document document_;
    ondemand::value value_;
    bool is_root_ = true;
    std::vector<Level> levels_;
};

}  // namespace

std::unique_ptr<ValueReader> make_json_reader() { return std::make_unique<JsonReader>(); }

}  // namespace baton::types
