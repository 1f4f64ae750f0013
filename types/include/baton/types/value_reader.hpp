// ValueReader: how a typed value is pulled out of an encoded one, whichever encoding it is.
//
// decode() below is written once against this interface; JSON and msgpack each implement it. A
// reader knows where it stands, so that an error can name the field. Errors never repeat a value:
// they end in logs, and a payload may hold what a log must not.
//
// Threads: one object per thread.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "baton/types/date.hpp"
#include "baton/types/decimal.hpp"
#include "baton/types/fields.hpp"
#include "baton/types/json.hpp"
#include "baton/types/uuid.hpp"

namespace baton::types {

/// What was wrong with an encoded value, and at which field. Callers add which event it was, and
/// throw or record it as Error(decode_failed).
class DecodeFailure : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A pull parser that stands at one value. Each read consumes that value or throws DecodeFailure.
class ValueReader {
public:
    ValueReader() = default;
    ValueReader(const ValueReader&) = delete;
    ValueReader& operator=(const ValueReader&) = delete;
    virtual ~ValueReader() = default;

    /// Begins with one whole encoded value; `bytes` need only live until the reader is used no
    /// more.
    virtual void start(std::string_view bytes) = 0;
    /// Refuses what follows after the value.
    virtual void finish() = 0;

    /// Consumes the value if it is null.
    virtual bool take_null() = 0;
    virtual void enter_object() = 0;
    /// Goes to the next field, and gives its name; false once the object has been left.
    virtual bool next_field(std::string_view& name) = 0;
    virtual void enter_array() = 0;
    /// Goes to the next element; false once the array has been left.
    virtual bool next_element() = 0;
    /// Passes over the value.
    virtual void skip() = 0;

    virtual bool boolean() = 0;
    /// An integer; `expected` says which kind, for the error.
    virtual std::int64_t integer() = 0;
    /// A finite number.
    virtual double real() = 0;
    /// A text without NUL, valid until the reader goes on. `expected` is what an error says.
    virtual std::string_view text(std::string_view expected) = 0;
    virtual Decimal decimal() = 0;
    virtual Json json() = 0;

    /// Throws DecodeFailure: `field "lines[2].sales": <what>`.
    [[noreturn]] void fail(std::string_view what) const;
    [[noreturn]] void fail_missing(std::string_view field) const;

protected:
    /// Where the reader stands: for each object or array that it is in, the field or the element.
    struct Step {
        std::string_view field;
        std::int64_t element = -1;
        bool in_array = false;
    };
    void enter(bool array);
    void leave() { path_.pop_back(); }
    [[nodiscard]] Step& step() { return path_.back(); }
    [[nodiscard]] std::size_t depth() const { return path_.size(); }
    void restart() { path_.clear(); }

private:
    [[nodiscard]] std::string path() const;
    std::vector<Step> path_;
};

template <class T>
void decode(ValueReader& reader, T& value);

template <Declared T>
void decode_fields(ValueReader& reader, T& value) {
    std::array<bool, field_count<T>> seen{};
    auto fields = fields_of(value);
    std::string_view name;
    reader.enter_object();
    while (reader.next_field(name)) {
        const bool is_known = [&]<std::size_t... I>(std::index_sequence<I...>) {
            return ((name == field_names<T>[I] &&
                     (decode(reader, std::get<I>(fields)), seen[I] = true)) ||
                    ...);
        }
        (std::make_index_sequence<field_count<T>>{});
        if (!is_known) reader.skip();
    }
    for_each_field<T>([&](auto index) {
        if (seen[index]) return;
        if constexpr (is_optional<FieldType<T, index>>) {
            std::get<index>(fields).reset();
        } else {
            reader.fail_missing(field_names<T>[index]);
        }
    });
}

template <class Element>
void decode_elements(ValueReader& reader, std::vector<Element>& elements) {
    // The elements that are there already are decoded over, so that their memory is used again.
    std::size_t count = 0;
    reader.enter_array();
    while (reader.next_element()) {
        if (count == elements.size()) elements.emplace_back();
        if constexpr (std::is_same_v<Element, bool>) {
            elements[count] = reader.boolean();
        } else {
            decode(reader, elements[count]);
        }
        ++count;
    }
    elements.resize(count);
}

/// Reads a value that is written as text (date, timestamp, uuid).
template <class T>
T decode_text(ValueReader& reader, std::string_view expected) {
    const std::optional<T> value = T::from_text(reader.text(expected));
    if (!value) reader.fail("expected " + std::string(expected) + ", found another text");
    return *value;
}

/// Reads one value into `value`, all of it: nothing of what was there before stays.
template <class T>
void decode(ValueReader& reader, T& value) {
    if constexpr (is_optional<T>) {
        if (reader.take_null()) return value.reset();
        if (!value) value.emplace();
        decode(reader, *value);
    } else if constexpr (std::is_same_v<T, std::string>) {
        value = reader.text("a string");
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
        value = reader.integer();
    } else if constexpr (std::is_same_v<T, std::int32_t>) {
        const std::int64_t wide = reader.integer();
        value = static_cast<std::int32_t>(wide);
        if (value != wide) reader.fail("expected an integer of 32 bits, found a larger number");
    } else if constexpr (std::is_same_v<T, double>) {
        value = reader.real();
    } else if constexpr (std::is_same_v<T, bool>) {
        value = reader.boolean();
    } else if constexpr (std::is_same_v<T, Decimal>) {
        value = reader.decimal();
    } else if constexpr (std::is_same_v<T, Date>) {
        value = decode_text<Date>(reader, "a date (YYYY-MM-DD)");
    } else if constexpr (std::is_same_v<T, Timestamp>) {
        value = decode_text<Timestamp>(reader, "a timestamp (ISO 8601 with an offset)");
    } else if constexpr (std::is_same_v<T, Uuid>) {
        value = decode_text<Uuid>(reader, "a uuid");
    } else if constexpr (std::is_same_v<T, Json>) {
        value = reader.json();
    } else if constexpr (is_vector<T>) {
        decode_elements(reader, value);
    } else if constexpr (Declared<T>) {
        decode_fields(reader, value);
    }  // else check_struct() has said so
}

}  // namespace baton::types
