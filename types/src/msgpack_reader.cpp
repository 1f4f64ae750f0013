// The msgpack side of ValueReader.
//
// msgpack-c's own unpack() allocates what an array's header claims, before it has seen an element:
// 73 KB of nested headers cost it gigabytes. So its parser is only used for its events here, which
// become a flat list of tokens that refers to the bytes. Every array and map is checked against
// what can follow: all that is declared together can never be more than there are bytes. A token is
// 24 bytes, so the list never grows beyond 24 times the input, and nothing here recurses.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <msgpack.hpp>

#include "baton/types/codec.hpp"
#include "baton/types/column.hpp"

namespace baton::types {
namespace {

enum class Kind : std::uint8_t { null, boolean, integer, large, real, text, bytes, array, map };

struct Token {
    Kind kind = Kind::null;
    std::uint32_t length = 0;  // of a text, in bytes; of an array or a map, in elements or pairs
    union {
        std::int64_t integer;
        double real;
        const char* text;
    };
};

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::null:
            return "null";
        case Kind::boolean:
            return "a boolean";
        case Kind::integer:
        case Kind::large:
        case Kind::real:
            return "a number";
        case Kind::text:
            return "a string";
        case Kind::bytes:
            return "bytes";
        case Kind::array:
            return "an array";
        case Kind::map:
            return "an object";
    }
    return "something else";
}

// Called by msgpack's parser; false stops it, with `fault` set.
class Tokenizer : public msgpack::null_visitor {
public:
    Tokenizer(std::vector<Token>& tokens, const ReaderLimits& limits, std::size_t byte_count)
        : tokens_(tokens), limits_(limits), byte_count_(byte_count) {}

    [[nodiscard]] const char* fault() const { return fault_; }

    bool visit_nil() { return add(Kind::null, 0, 0); }
    bool visit_boolean(bool value) { return add(Kind::boolean, 0, value ? 1 : 0); }
    bool visit_positive_integer(std::uint64_t value) {
        const bool fits = value <= static_cast<std::uint64_t>(INT64_MAX);
        return fits ? add(Kind::integer, 0, static_cast<std::int64_t>(value))
                    : add(Kind::large, 0, 0);
    }
    bool visit_negative_integer(std::int64_t value) { return add(Kind::integer, 0, value); }
    bool visit_float32(float value) { return visit_float64(double{value}); }
    bool visit_float64(double value) {
        add(Kind::real, 0, 0);
        tokens_.back().real = value;
        return true;
    }
    bool visit_str(const char* bytes, std::uint32_t length) {
        return add_bytes(Kind::text, bytes, length);
    }
    bool visit_bin(const char* bytes, std::uint32_t length) {
        return add_bytes(Kind::bytes, bytes, length);
    }
    bool visit_ext(const char* bytes, std::uint32_t length) {
        return add_bytes(Kind::bytes, bytes, length);
    }
    bool start_array(std::uint32_t length) { return open(Kind::array, length, length); }
    bool start_map(std::uint32_t length) {
        return open(Kind::map, length, std::uint64_t{length} * 2);
    }
    bool end_array() { return close(); }
    bool end_map() { return close(); }

private:
    bool add(Kind kind, std::uint32_t length, std::int64_t integer) {
        Token& token = tokens_.emplace_back();
        token.kind = kind;
        token.length = length;
        token.integer = integer;
        return true;
    }
    bool add_bytes(Kind kind, const char* bytes, std::uint32_t length) {
        add(kind, length, 0);
        tokens_.back().text = bytes;
        return true;
    }
    bool open(Kind kind, std::uint32_t length, std::uint64_t element_count) {
        if (++depth_ > limits_.depth_max) return refuse("msgpack that is nested too deeply");
        declared_ += element_count;
        if (declared_ > byte_count_) return refuse("msgpack that declares more than it holds");
        if (declared_ > limits_.elements_max) return refuse("msgpack with too many elements");
        return add(kind, length, 0);
    }
    bool close() {
        --depth_;
        return true;
    }
    bool refuse(const char* fault) {
        fault_ = fault;
        return false;
    }

    std::vector<Token>& tokens_;
    const ReaderLimits& limits_;
    std::size_t byte_count_;
    std::uint64_t declared_ = 0;
    std::size_t depth_ = 0;
    const char* fault_ = "msgpack that ends too early or is broken";
};

class MsgpackReader final : public ValueReader {
public:
    explicit MsgpackReader(ReaderLimits limits) : limits_(limits) {}

    void start(std::string_view bytes) override {
        restart();
        tokens_.clear();
        remaining_.clear();
        at_ = 0;
        if (bytes.size() > limits_.bytes_max) fail("msgpack that is too long");
        Tokenizer tokenizer(tokens_, limits_, bytes.size());
        std::size_t end = 0;
        if (bytes.empty() || !msgpack::parse(bytes.data(), bytes.size(), end, tokenizer)) {
            fail(bytes.empty() ? "empty" : tokenizer.fault());
        }
        if (end != bytes.size()) fail("something follows after the msgpack value");
    }

    // start() has seen all of the bytes already.
    void finish() override {}

    bool take_null() override {
        if (here().kind != Kind::null) return false;
        ++at_;
        return true;
    }

    void enter_object() override { open(Kind::map, "an object"); }

    bool next_field(std::string_view& name) override {
        if (!has_next()) return false;
        if (here().kind != Kind::text) fail("expected a name, found " + std::string(found()));
        name = take_text();
        step().field = name;
        return true;
    }

    void enter_array() override { open(Kind::array, "an array"); }

    bool next_element() override {
        if (!has_next()) return false;
        ++step().element;
        return true;
    }

    void skip() override {
        for (std::uint64_t count = 1; count > 0; --count, ++at_) {
            if (here().kind == Kind::array) count += here().length;
            if (here().kind == Kind::map) count += std::uint64_t{here().length} * 2;
        }
    }

    bool boolean() override { return take(Kind::boolean, "a boolean").integer != 0; }

    std::int64_t integer() override {
        if (here().kind == Kind::large)
            fail("expected an integer of 64 bits, found a larger number");
        if (here().kind == Kind::real) {
            fail("expected an integer, found a number with a fraction or an exponent");
        }
        return take(Kind::integer, "an integer").integer;
    }

    double real() override {
        if (here().kind == Kind::integer) return static_cast<double>(tokens_[at_++].integer);
        const double value = take(Kind::real, "a number").real;
        if (!std::isfinite(value)) fail("expected a finite number, found NaN or infinity");
        return value;
    }

    std::string_view text(std::string_view expected) override {
        if (here().kind != Kind::text) fail_type(expected);
        const std::string_view text = take_text();
        if (text.find('\0') != std::string_view::npos) {
            fail("a text with a NUL character (\\u0000) cannot be stored");
        }
        if (!is_storable(text)) fail("not valid UTF-8");
        return text;
    }

    Decimal decimal() override {
        if (here().kind == Kind::integer) return tokens_[at_++].integer;
        const auto value = Decimal::from_text(text("a decimal"));
        if (!value) fail("expected a decimal, found a string");
        return *value;
    }

    Json json() override {
        const std::string_view raw = text("JSON in a string");
        if (const auto fault = json_fault(raw)) fail("not JSON that can be stored: " + *fault);
        return Json::parse(raw);
    }

private:
    const Token& here() const { return tokens_[at_]; }
    std::string_view found() const { return name_of(here().kind); }

    [[noreturn]] void fail_type(std::string_view expected) const {
        fail("expected " + std::string(expected) + ", found " + std::string(found()));
    }
    const Token& take(Kind kind, std::string_view expected) {
        if (here().kind != kind) fail_type(expected);
        return tokens_[at_++];
    }
    std::string_view take_text() {
        const Token& token = tokens_[at_++];
        return {token.text, token.length};
    }
    void open(Kind kind, std::string_view expected) {
        remaining_.push_back(take(kind, expected).length);
        enter(kind == Kind::array);
    }
    bool has_next() {
        if (remaining_.back() > 0) {
            --remaining_.back();
            return true;
        }
        remaining_.pop_back();
        leave();
        return false;
    }

    ReaderLimits limits_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    std::vector<std::uint32_t> remaining_;  // fields or elements, of each object or array we are in
};

}  // namespace

std::unique_ptr<ValueReader> make_msgpack_reader(ReaderLimits limits) {
    return std::make_unique<MsgpackReader>(limits);
}

}  // namespace baton::types
