// Any bytes as a frame of a child process: read, or refused; and a value that was passed over is
// one that msgpack's own parser takes, of the same length.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <msgpack.hpp>

#include "../local_bus/src/wire.hpp"
#include "baton/base/check.hpp"

namespace wire = baton::bus::wire;

namespace {

template <class Read>
void read_all(std::string_view frame, Read read) {
    try {
        wire::Reader reader(frame);
        while (!reader.is_at_end()) read(reader);
    } catch (const wire::Malformed&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view frame(reinterpret_cast<const char*>(data), size);
    read_all(frame,
             [](wire::Reader& reader) { static_cast<void>(wire::read_child_message(reader)); });
    read_all(frame,
             [](wire::Reader& reader) { static_cast<void>(wire::read_agent_message(reader)); });
    read_all(frame, [](wire::Reader& reader) {
        std::string json;
        reader.json(json);
    });
    read_all(frame, [](wire::Reader& reader) {
        const std::string_view value = reader.value();
        msgpack::null_visitor visitor;
        std::size_t end = 0;
        BATON_CHECK(msgpack::parse(value.data(), value.size(), end, visitor));
        BATON_CHECK(end == value.size());
    });
    return 0;
}
