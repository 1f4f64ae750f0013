// What goes between a bus and a child process: docs/local_bus_wire.md, in code.
//
// Reading allocates nothing and does not recurse, whatever the bytes are: each step consumes a
// byte, and depth is bounded by an array.
//
// Threads: values only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace baton::bus::wire {

constexpr std::int64_t version = 1;
constexpr std::size_t frame_bytes_max = std::size_t{1} << 20U;
/// Where a frame is begun anew, if there is more to say.
constexpr std::size_t frame_bytes_usual = std::size_t{64} << 10U;
constexpr std::size_t depth_max = 64;
constexpr std::size_t subscriptions_max = 64;
constexpr std::int64_t subscription_depth_max = 65'536;
constexpr std::int64_t patience_ms_max = 10'000;
constexpr std::size_t retained_max = 64;  // topics
constexpr std::size_t untaken_max = 256;
constexpr std::size_t items_max = 256;

/// What is wrong with a frame. The message has nothing of its bytes.
class Malformed : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Reads msgpack from left to right. What is not there, or of another kind, throws Malformed.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] bool is_at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] std::size_t array();
    /// 0 to 2^63 - 1.
    [[nodiscard]] std::int64_t natural();
    [[nodiscard]] std::string_view text();
    [[nodiscard]] bool boolean();
    /// True, and it is consumed; or false.
    [[nodiscard]] bool take_nil();
    [[nodiscard]] bool is_text() const noexcept;
    /// The bytes of the next value, whatever it is, with all inside.
    [[nodiscard]] std::string_view value();
    /// The next value as JSON: for people, so what JSON has not is written as text.
    void json(std::string& out);

private:
    enum class Kind : std::uint8_t {
        nil,
        boolean,
        natural,
        negative,
        real,
        text,
        bytes,
        array,
        map
    };
    struct Head {
        Kind kind = Kind::nil;
        std::uint64_t number = 0;  // its value, its bits, its length
        bool is_single = false;    // of a real
    };
    [[nodiscard]] Head head();
    [[nodiscard]] Head sized_head(std::uint8_t byte);
    [[nodiscard]] std::uint64_t big_endian(std::size_t size);
    [[nodiscard]] std::string_view bytes(std::uint64_t size);
    void json_at(std::string& out, std::size_t depth);

    std::string_view rest_;
};

/// Appends msgpack to a frame.
class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    Writer& array(std::uint8_t size);
    Writer& map(std::uint8_t size);
    Writer& natural(std::uint64_t value);
    Writer& text(std::string_view value);
    Writer& boolean(bool value);
    Writer& nil();
    /// What is msgpack already.
    Writer& value(std::string_view msgpack);

private:
    void sized(std::uint8_t head, std::uint64_t value, std::size_t size);

    std::string& out_;
};

enum class FromChild : std::uint8_t {
    hello,
    publish,
    subscribe,
    unsubscribe,
    taken,
    result,
    failed,
    log,
    bye,
};

/// A message of a child. It refers to the frame.
struct ChildMessage {
    FromChild kind = FromChild::bye;
    std::int64_t id = 0;     ///< subscription, item; version
    std::int64_t count = 0;  ///< taken, depth
    std::string_view text{};
    std::string_view detail{};                               ///< secret, when_full, level
    std::optional<std::int64_t> patience_ms = std::nullopt;  ///< of when_full
    bool retain = false;
    std::string_view value{};
};

/// The next message of a frame.
[[nodiscard]] ChildMessage read_child_message(Reader& reader);

enum class FromAgent : std::uint8_t {
    welcome,
    subscribed,
    message,
    work,
    cancel,
    refused,
    bye,
    unknown,  ///< of a later version
};

/// A message of the agent. It refers to the frame.
struct AgentMessage {
    FromAgent kind = FromAgent::unknown;
    std::int64_t id = 0;  ///< subscription, item; version
    std::int64_t sequence = 0;
    std::int64_t lost = 0;
    std::optional<std::int64_t> deadline_ms = std::nullopt;
    std::string_view text{};  ///< topic, what was refused
    std::string_view value{};
};

[[nodiscard]] AgentMessage read_agent_message(Reader& reader);

}  // namespace baton::bus::wire
