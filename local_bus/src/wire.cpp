#include "wire.hpp"

#include <bit>
#include <cmath>
#include <utility>

#include "baton/base/text.hpp"

namespace baton::bus::wire {
namespace {

[[noreturn]] void fail(const char* what) { throw Malformed(what); }

template <class Kind>
struct Named {
    std::string_view name;
    Kind kind;
    std::size_t parts;  // with the name
};

constexpr auto child_kinds = std::to_array<Named<FromChild>>({
    {"result", FromChild::result, 3},
    {"taken", FromChild::taken, 3},
    {"publish", FromChild::publish, 3},
    {"failed", FromChild::failed, 3},
    {"log", FromChild::log, 3},
    {"subscribe", FromChild::subscribe, 5},
    {"unsubscribe", FromChild::unsubscribe, 2},
    {"hello", FromChild::hello, 3},
    {"bye", FromChild::bye, 1},
});

constexpr auto agent_kinds = std::to_array<Named<FromAgent>>({
    {"message", FromAgent::message, 6},
    {"work", FromAgent::work, 4},
    {"cancel", FromAgent::cancel, 1},
    {"subscribed", FromAgent::subscribed, 2},
    {"refused", FromAgent::refused, 2},
    {"welcome", FromAgent::welcome, 2},
    {"bye", FromAgent::bye, 1},
});

template <class Kinds>
const auto* find_kind(const Kinds& kinds, std::string_view name) {
    for (const auto& each : kinds) {
        if (each.name == name) return &each;
    }
    return static_cast<decltype(&kinds[0])>(nullptr);
}

void read_when_full(Reader& reader, ChildMessage& message) {
    if (reader.is_text()) {
        message.detail = reader.text();
    } else {
        message.patience_ms = reader.natural();
    }
}

}  // namespace

std::uint64_t Reader::big_endian(std::size_t size) {
    std::uint64_t number = 0;
    for (const char byte : bytes(size)) {
        number = number << 8U | static_cast<std::uint8_t>(byte);
    }
    return number;
}

std::string_view Reader::bytes(std::uint64_t size) {
    if (size > rest_.size()) fail("msgpack that ends too early");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
}

Reader::Head Reader::head() {
    const auto byte = static_cast<std::uint8_t>(bytes(1).front());
    if (byte <= 0x7FU) return {Kind::natural, byte};
    if (byte <= 0x8FU) return {Kind::map, byte & 0xFU};
    if (byte <= 0x9FU) return {Kind::array, byte & 0xFU};
    if (byte <= 0xBFU) return {Kind::text, byte & 0x1FU};
    if (byte >= 0xE0U)
        return {Kind::negative,
                static_cast<std::uint64_t>(std::int64_t{static_cast<std::int8_t>(byte)})};
    return sized_head(byte);
}

Reader::Head Reader::sized_head(std::uint8_t byte) {
    const auto sized = [&](Kind kind, unsigned power) {
        return Head{kind, big_endian(std::size_t{1} << power)};
    };
    const auto is_within = [&](unsigned first, unsigned last) {
        return byte >= first && byte <= last;
    };
    if (byte == 0xC0U) return {Kind::nil, 0};
    if (is_within(0xC2U, 0xC3U)) return {Kind::boolean, byte & 1U};
    if (is_within(0xC4U, 0xC6U)) return sized(Kind::bytes, byte - 0xC4U);
    if (is_within(0xC7U, 0xC9U)) {  // an extension: its size, then its type
        Head head = sized(Kind::bytes, byte - 0xC7U);
        ++head.number;
        return head;
    }
    if (byte == 0xCAU) return {Kind::real, big_endian(4), true};
    if (byte == 0xCBU) return {Kind::real, big_endian(8)};
    if (is_within(0xCCU, 0xCFU)) return sized(Kind::natural, byte - 0xCCU);
    if (is_within(0xD0U, 0xD3U)) {
        const unsigned size = 1U << (byte - 0xD0U);
        const unsigned spare = 64U - 8U * size;
        const auto number = static_cast<std::int64_t>(big_endian(size) << spare) >> spare;
        return {number < 0 ? Kind::negative : Kind::natural, static_cast<std::uint64_t>(number)};
    }
    if (is_within(0xD4U, 0xD8U)) return {Kind::bytes, (std::uint64_t{1} << (byte - 0xD4U)) + 1};
    if (is_within(0xD9U, 0xDBU)) return sized(Kind::text, byte - 0xD9U);
    if (is_within(0xDCU, 0xDDU)) return sized(Kind::array, byte - 0xDCU + 1);
    if (is_within(0xDEU, 0xDFU)) return sized(Kind::map, byte - 0xDEU + 1);
    fail("a byte that is no msgpack");
}

std::size_t Reader::array() {
    const Head found = head();
    if (found.kind != Kind::array) fail("something else than an array");
    return found.number;
}

std::int64_t Reader::natural() {
    const Head found = head();
    if (found.kind != Kind::natural || found.number > INT64_MAX) {
        fail("something else than a number from 0");
    }
    return static_cast<std::int64_t>(found.number);
}

std::string_view Reader::text() {
    const Head found = head();
    if (found.kind != Kind::text) fail("something else than a string");
    return bytes(found.number);
}

bool Reader::boolean() {
    const Head found = head();
    if (found.kind != Kind::boolean) fail("something else than true or false");
    return found.number != 0;
}

bool Reader::take_nil() {
    if (!rest_.starts_with('\xC0')) return false;
    rest_.remove_prefix(1);
    return true;
}

bool Reader::is_text() const noexcept {
    if (rest_.empty()) return false;
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    return (byte >= 0xA0U && byte <= 0xBFU) || (byte >= 0xD9U && byte <= 0xDBU);
}

std::string_view Reader::value() {
    const std::string_view begun = rest_;
    std::array<std::uint64_t, depth_max> left{};  // of each array or map that it is in
    std::size_t depth = 0;
    do {
        if (depth > 0) --left[depth - 1];
        const Head found = head();
        if (found.kind == Kind::text || found.kind == Kind::bytes) {
            static_cast<void>(bytes(found.number));
        } else if (found.kind == Kind::array || found.kind == Kind::map) {
            if (depth == depth_max) fail("a value that is nested too deeply");
            left[depth++] = found.kind == Kind::map ? 2 * found.number : found.number;
        }
        while (depth > 0 && left[depth - 1] == 0) --depth;
    } while (depth > 0);
    return begun.substr(0, begun.size() - rest_.size());
}

void Reader::json(std::string& out) { json_at(out, 0); }

void Reader::json_at(std::string& out, std::size_t depth) {
    const Head found = head();
    if (depth > depth_max) fail("a value that is nested too deeply");
    switch (found.kind) {
        case Kind::nil:
            out += "null";
            return;
        case Kind::boolean:
            out += found.number != 0 ? "true" : "false";
            return;
        case Kind::natural:
            out += std::to_string(found.number);
            return;
        case Kind::negative:
            out += std::to_string(static_cast<std::int64_t>(found.number));
            return;
        case Kind::real: {
            const double number =
                found.is_single
                    ? double{std::bit_cast<float>(static_cast<std::uint32_t>(found.number))}
                    : std::bit_cast<double>(found.number);
            std::string text = std::to_string(number);
            out += std::isfinite(number) ? text : json_quoted(text);
            return;
        }
        case Kind::text:
        case Kind::bytes:
            out += json_quoted(bytes(found.number));
            return;
        case Kind::array:
        case Kind::map:
            break;
    }
    const bool is_map = found.kind == Kind::map;
    out += is_map ? '{' : '[';
    for (std::uint64_t i = 0; i < found.number; ++i) {
        if (i > 0) out += ',';
        if (is_map) {
            // A name that has parts is not written: quoted inside of each other, names double.
            std::string name;
            const std::string_view bytes_of_name = value();
            const auto first = static_cast<std::uint8_t>(bytes_of_name.front());
            const bool has_parts =
                (first >= 0x80U && first <= 0x9FU) || (first >= 0xDCU && first <= 0xDFU);
            if (!has_parts) Reader(bytes_of_name).json(name);
            out += name.starts_with('"') ? name : json_quoted(name);
            out += ':';
        }
        json_at(out, depth + 1);
    }
    out += is_map ? '}' : ']';
}

void Writer::sized(std::uint8_t head, std::uint64_t value, std::size_t size) {
    out_ += static_cast<char>(head);
    while (size-- > 0) out_ += static_cast<char>(value >> 8U * size & 0xFFU);
}

Writer& Writer::array(std::uint8_t size) {
    out_ += static_cast<char>(0x90U | size);
    return *this;
}

Writer& Writer::map(std::uint8_t size) {
    out_ += static_cast<char>(0x80U | size);
    return *this;
}

Writer& Writer::natural(std::uint64_t value) {
    if (value <= 0x7FU) {
        out_ += static_cast<char>(value);
    } else if (value <= UINT16_MAX) {
        sized(0xCDU, value, 2);
    } else if (value <= UINT32_MAX) {
        sized(0xCEU, value, 4);
    } else {
        sized(0xCFU, value, 8);
    }
    return *this;
}

Writer& Writer::text(std::string_view value) {
    if (value.size() <= 0x1FU) {
        out_ += static_cast<char>(0xA0U | value.size());
    } else if (value.size() <= UINT16_MAX) {
        sized(0xDAU, value.size(), 2);
    } else {
        sized(0xDBU, value.size(), 4);
    }
    out_ += value;
    return *this;
}

Writer& Writer::boolean(bool value) {
    out_ += value ? '\xC3' : '\xC2';
    return *this;
}

Writer& Writer::nil() {
    out_ += '\xC0';
    return *this;
}

Writer& Writer::value(std::string_view msgpack) {
    out_ += msgpack;
    return *this;
}

ChildMessage read_child_message(Reader& reader) {
    std::size_t parts = reader.array();
    if (parts == 0) fail("a message without a kind");
    const auto* const named = find_kind(child_kinds, reader.text());
    if (named == nullptr) fail("a message of a kind that is none");
    if (parts < named->parts) fail("a message that is too short for its kind");
    ChildMessage message{.kind = named->kind};
    parts -= named->parts;
    switch (named->kind) {
        case FromChild::hello:
            message.id = reader.natural();
            message.detail = reader.text();
            break;
        case FromChild::publish:
            message.text = reader.text();
            message.value = reader.value();
            if (parts > 0) {
                message.retain = reader.boolean();
                --parts;
            }
            break;
        case FromChild::subscribe:
            message.id = reader.natural();
            message.text = reader.text();
            message.count = reader.natural();
            read_when_full(reader, message);
            break;
        case FromChild::unsubscribe:
            message.id = reader.natural();
            break;
        case FromChild::taken:
            message.id = reader.natural();
            message.count = reader.natural();
            break;
        case FromChild::result:
            message.id = reader.natural();
            message.value = reader.value();
            break;
        case FromChild::failed:
            message.id = reader.natural();
            message.text = reader.text();
            break;
        case FromChild::log:
            message.detail = reader.text();
            message.text = reader.text();
            break;
        case FromChild::bye:
            break;
    }
    for (; parts > 0; --parts) static_cast<void>(reader.value());
    return message;
}

AgentMessage read_agent_message(Reader& reader) {
    std::size_t parts = reader.array();
    if (parts == 0) fail("a message without a kind");
    const auto* const named = find_kind(agent_kinds, reader.text());
    if (named == nullptr) {
        while (--parts > 0) static_cast<void>(reader.value());
        return {};
    }
    if (parts < named->parts) fail("a message that is too short for its kind");
    AgentMessage message{.kind = named->kind};
    parts -= named->parts;
    switch (named->kind) {
        case FromAgent::welcome:
        case FromAgent::subscribed:
            message.id = reader.natural();
            break;
        case FromAgent::message:
            message.id = reader.natural();
            message.text = reader.text();
            message.sequence = reader.natural();
            message.lost = reader.natural();
            message.value = reader.value();
            break;
        case FromAgent::work:
            message.id = reader.natural();
            if (!reader.take_nil()) message.deadline_ms = reader.natural();
            message.value = reader.value();
            break;
        case FromAgent::refused:
            message.text = reader.text();
            break;
        case FromAgent::cancel:
        case FromAgent::bye:
        case FromAgent::unknown:
            break;
    }
    for (; parts > 0; --parts) static_cast<void>(reader.value());
    return message;
}

}  // namespace baton::bus::wire
