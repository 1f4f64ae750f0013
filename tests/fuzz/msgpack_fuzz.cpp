// Any bytes as msgpack: refused, or a value that is the same after writing and reading it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/types/codec.hpp"
#include "types/orders.hpp"

using baton::testing::Everything;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto value = baton::decode_msgpack<Everything>(
            std::string_view(reinterpret_cast<const char*>(data), size));
        const std::string written = baton::encode_msgpack(value);
        BATON_CHECK(baton::encode_msgpack(baton::decode_msgpack<Everything>(written)) == written);
    } catch (const baton::Error& error) {
        BATON_CHECK(error.code() == baton::ErrorCode::decode_failed ||
                    error.code() == baton::ErrorCode::event_invalid);
    }
    return 0;
}
