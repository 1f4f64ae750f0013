#include "raw_message.hpp"

#include "baton/local_bus/foreign.hpp"
#include "wire.hpp"

namespace baton::bus {

std::string RawMessage::json() const {
    std::string json;
    wire::Reader(msgpack_).json(json);
    return json;
}

types::ValueReader& foreign_reader() {
    thread_local const auto reader = types::make_msgpack_reader(
        {.bytes_max = wire::frame_bytes_max, .depth_max = wire::depth_max});
    return *reader;
}

}  // namespace baton::bus
