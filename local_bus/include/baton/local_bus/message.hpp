// Message: what goes over a bus: one immutable object, shared by all who get it, never encoded on
// its way between threads.
//
// A message is a struct with BATON_FIELDS and a topic:
//
//   struct RegionDone {
//       static constexpr std::string_view topic = "region/done";
//       std::string region;
//       baton::Decimal sales;
//       BATON_FIELDS(region, sales)
//   };
//
// An event is a message, too: its event_type is its topic. A topic has 1 to 16 levels, divided by
// '/'; 1 to 255 bytes; no '*'.
//
// Threads: immutable once it is published.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "baton/types/codec.hpp"

namespace baton {
namespace bus {

class Hub;

template <class E>
concept HasTopic = requires {
    std::string_view(E::topic);
};
template <class E>
concept HasEventType = requires {
    std::string_view(E::event_type);
};

template <class E>
constexpr std::string_view topic_of() {
    if constexpr (HasTopic<E>) {
        return E::topic;
    } else if constexpr (HasEventType<E>) {
        return E::event_type;
    } else {
        static_assert(HasTopic<E>,
                      "this struct is no message: give it `static constexpr std::string_view topic "
                      "= \"region/done\";`, or an event_type");
        return {};
    }
}

template <class E>
inline constexpr char type_tag = 0;

/// Tells types from each other, within a program.
using Type = const void*;
template <class E>
inline constexpr Type type_of = &type_tag<E>;

}  // namespace bus

class Message {
public:
    virtual ~Message() = default;
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;

    [[nodiscard]] std::string_view topic() const noexcept { return topic_; }
    /// Its number on its bus: 1, 2, 3, … in the order in which publish() was called.
    [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
    /// Its content, if it is an E; else null. Lives as long as the message.
    template <class E>
    [[nodiscard]] const E* as() const noexcept {
        return type_ == bus::type_of<E> ? static_cast<const E*>(content_) : nullptr;
    }
    /// Throw as encode_json().
    [[nodiscard]] virtual std::string json() const = 0;
    [[nodiscard]] virtual std::string msgpack() const = 0;

    [[nodiscard]] bus::Type type() const noexcept { return type_; }
    /// The topic of its type, wherever it was published to: what it is.
    [[nodiscard]] virtual std::string_view own_topic() const noexcept { return topic_; }
    /// Whether it was published to the topic of its type, without another one.
    [[nodiscard]] bool has_own_topic() const noexcept { return given_.empty(); }

protected:
    /// Keeps `given`, or refers to `own`, which must be static, if there is none.
    Message(std::string_view own, std::string_view given, bus::Type type, const void* content)
        : given_(given), topic_(given.empty() ? own : given_), type_(type), content_(content) {}

private:
    friend class bus::Hub;

    const std::string given_;
    const std::string_view topic_;
    const bus::Type type_;
    const void* const content_;
    std::uint64_t sequence_ = 0;  // set while nobody else has it
};

namespace bus {

using MessagePtr = std::shared_ptr<const Message>;

template <class E>
class TypedMessage : public Message {
public:
    TypedMessage(std::string_view given_topic, E value)
        : Message(topic_of<E>(), given_topic, type_of<E>, &content_), content_(std::move(value)) {}

    [[nodiscard]] std::string json() const override { return encode_json(content_); }
    [[nodiscard]] std::string msgpack() const override { return encode_msgpack(content_); }
    [[nodiscard]] std::string_view own_topic() const noexcept override { return topic_of<E>(); }
    [[nodiscard]] const E& content() const noexcept { return content_; }

private:
    const E content_;
};

}  // namespace bus
}  // namespace baton
