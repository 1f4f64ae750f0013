// RawMessage: a message of another process: msgpack, of whatever type its subscribers take it for.
//
// Threads: as Message.
#pragma once

#include <string>
#include <string_view>

#include "baton/local_bus/message.hpp"

namespace baton::bus {

class RawMessage final : public Message {
public:
    RawMessage(std::string_view topic, std::string_view msgpack)
        : Message({}, topic, type_of<RawMessage>, this), msgpack_(msgpack) {}

    [[nodiscard]] std::string json() const override;
    [[nodiscard]] std::string msgpack() const override { return msgpack_; }
    [[nodiscard]] const std::string& bytes() const noexcept { return msgpack_; }

private:
    const std::string msgpack_;
};

}  // namespace baton::bus
