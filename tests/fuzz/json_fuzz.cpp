// Any bytes as JSON: what our reader of events takes, and what json_fault() lets through to
// Postgres.
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
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto json = baton::Json::from_text(bytes);
    BATON_CHECK(json.has_value() == !baton::types::json_fault(bytes).has_value());
    if (json) {
        // What is one JSON value stays one inside of another.
        BATON_CHECK(baton::Json::from_text("[" + json->text() + "]") ||
                    baton::Json::from_text("[[" + json->text() + "]]") == std::nullopt);
    }
    try {
        const auto value = baton::decode_json<Everything>(bytes);
        const std::string written = baton::encode_json(value);
        BATON_CHECK(baton::encode_json(baton::decode_json<Everything>(written)) == written);
    } catch (const baton::Error& error) {
        BATON_CHECK(error.code() == baton::ErrorCode::decode_failed ||
                    error.code() == baton::ErrorCode::event_invalid);
    }
    return 0;
}
