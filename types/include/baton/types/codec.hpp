// JSON and msgpack of any struct with BATON_FIELDS.
//
// JSON: decimals are JSON numbers, exactly; int64 is exact; dates, timestamps and uuids are
// strings. msgpack: a map by field name; decimals, dates, timestamps, uuids and Json are texts.
// Decoding ignores unknown fields, takes a missing or null field for an optional one, and takes
// the last of several fields of one name. Untrusted bytes are safe: depth, lengths and memory
// are bounded by the input (reader_limits).
//
// Threads: the functions may be called from any thread; a reader belongs to one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "baton/base/error.hpp"
#include "baton/types/value_reader.hpp"
#include "baton/types/value_writer.hpp"

namespace baton {
namespace types {

/// Limits of both readers. Beyond them a value is refused as undecodable.
struct ReaderLimits {
    std::size_t bytes_max = std::size_t{64} << 20U;  ///< of one encoded value
    std::size_t depth_max = Json::depth_max;         ///< arrays and maps inside each other
    std::size_t elements_max = 10'000'000;           ///< of all arrays and maps together
};

/// A reader keeps its buffers from value to value, so make one and use it for many.
[[nodiscard]] std::unique_ptr<ValueReader> make_json_reader();
[[nodiscard]] std::unique_ptr<ValueReader> make_msgpack_reader(ReaderLimits limits = {});

/// Writers that append to `out`, which must outlive them.
[[nodiscard]] std::unique_ptr<ValueWriter> make_json_writer(std::string& out);
[[nodiscard]] std::unique_ptr<ValueWriter> make_msgpack_writer(std::string& out);

/// Decodes the whole of `bytes` into `value`. Throws DecodeFailure.
template <class T>
void decode_whole(ValueReader& reader, std::string_view bytes, T& value) {
    reader.start(bytes);
    decode(reader, value);
    reader.finish();
}

template <class T>
T decode_or_throw(ValueReader& reader, std::string_view bytes) {
    if constexpr (check_value<T>()) {
        try {
            T value{};
            decode_whole(reader, bytes, value);
            return value;
        } catch (const DecodeFailure& failure) {
            throw Error(ErrorCode::decode_failed, failure.what());
        }
    }
}

}  // namespace types

/// The value that `json` (an object, or an array for a vector) encodes. Throws
/// Error(decode_failed).
template <class T>
[[nodiscard]] T decode_json(std::string_view json) {
    return types::decode_or_throw<T>(*types::make_json_reader(), json);
}

/// Throws Error(decode_failed).
template <class T>
[[nodiscard]] T decode_msgpack(std::string_view bytes) {
    return types::decode_or_throw<T>(*types::make_msgpack_reader(), bytes);
}

/// Throws Error(event_invalid) for a text that is not UTF-8 or holds a NUL, and for NaN and
/// infinity.
template <class T>
[[nodiscard]] std::string encode_json(const T& value) {
    std::string out;
    if constexpr (types::check_value<T>()) {
        types::encode(*types::make_json_writer(out), value);
    }
    return out;
}

/// Throws as encode_json().
template <class T>
[[nodiscard]] std::string encode_msgpack(const T& value) {
    std::string out;
    if constexpr (types::check_value<T>()) {
        types::encode(*types::make_msgpack_writer(out), value);
    }
    return out;
}

}  // namespace baton
