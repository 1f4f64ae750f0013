// ValueWriter: how a typed value is written in an encoding; the other half of value_reader.hpp.
//
// Threads: one object per thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "baton/types/date.hpp"
#include "baton/types/decimal.hpp"
#include "baton/types/fields.hpp"
#include "baton/types/json.hpp"
#include "baton/types/uuid.hpp"

namespace baton::types {

/// Writes one value after the other; what has parts is entered with their number.
/// Throws Error(event_invalid) for what cannot be written: a text that is not UTF-8 or holds a NUL,
/// a double that is not finite.
class ValueWriter {
public:
    ValueWriter() = default;
    ValueWriter(const ValueWriter&) = delete;
    ValueWriter& operator=(const ValueWriter&) = delete;
    virtual ~ValueWriter() = default;

    virtual void enter_object(std::size_t field_count) = 0;
    virtual void field(std::string_view name) = 0;
    virtual void leave_object() = 0;
    virtual void enter_array(std::size_t element_count) = 0;
    virtual void leave_array() = 0;

    virtual void null() = 0;
    virtual void boolean(bool value) = 0;
    virtual void integer(std::int64_t value) = 0;
    virtual void real(double value) = 0;
    virtual void text(std::string_view value) = 0;
    virtual void decimal(const Decimal& value) = 0;
    virtual void json(const Json& value) = 0;
};

template <class T>
void encode(ValueWriter& writer, const T& value) {
    if constexpr (is_optional<T>) {
        if (!value) return writer.null();
        encode(writer, *value);
    } else if constexpr (std::is_same_v<T, std::string>) {
        writer.text(value);
    } else if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::int32_t>) {
        writer.integer(value);
    } else if constexpr (std::is_same_v<T, double>) {
        writer.real(value);
    } else if constexpr (std::is_same_v<T, bool>) {
        writer.boolean(value);
    } else if constexpr (std::is_same_v<T, Decimal>) {
        writer.decimal(value);
    } else if constexpr (std::is_same_v<T, Json>) {
        writer.json(value);
    } else if constexpr (is_vector<T>) {
        writer.enter_array(value.size());
        for (const typename T::value_type& element : value) encode(writer, element);
        writer.leave_array();
    } else if constexpr (Declared<T>) {
        const auto fields = fields_of(value);
        writer.enter_object(field_count<T>);
        for_each_field<T>([&](auto index) {
            writer.field(field_names<T>[index]);
            encode(writer, std::get<index>(fields));
        });
        writer.leave_object();
    } else if constexpr (is_plain_field<T>) {
        writer.text(value.text());  // Date, Timestamp, Uuid
    }                               // else check_struct() has said so
}

}  // namespace baton::types
