// Writes fields as msgpack.

#include <cmath>
#include <limits>

#include <msgpack.hpp>

#include "baton/base/error.hpp"
#include "baton/types/codec.hpp"
#include "baton/types/column.hpp"

namespace baton::types {
namespace {

// What msgpack::packer writes to.
struct StringSink {
    std::string& out;
    void write(const char* bytes, std::size_t count) { out.append(bytes, count); }
};

class MsgpackWriter final : public ValueWriter {
public:
    explicit MsgpackWriter(std::string& out) : sink_{out}, packer_(sink_) {}

    void enter_object(std::size_t field_count) override { packer_.pack_map(length(field_count)); }
    void field(std::string_view name) override { raw_text(name); }
    void leave_object() override {}
    void enter_array(std::size_t element_count) override {
        packer_.pack_array(length(element_count));
    }
    void leave_array() override {}

    void null() override { packer_.pack_nil(); }
    void boolean(bool value) override { value ? packer_.pack_true() : packer_.pack_false(); }
    void integer(std::int64_t value) override { packer_.pack_int64(value); }
    void real(double value) override {
        if (!std::isfinite(value)) {
            throw Error(ErrorCode::event_invalid, "NaN and infinity cannot be part of an event");
        }
        packer_.pack_double(value);
    }
    void text(std::string_view value) override {
        check_storable(value);
        raw_text(value);
    }
    void decimal(const Decimal& value) override { raw_text(value.text()); }
    void json(const Json& value) override { raw_text(value.text()); }

private:
    static std::uint32_t length(std::size_t count) {
        if (count > std::numeric_limits<std::uint32_t>::max()) {
            throw Error(ErrorCode::event_too_large,
                        "more than 2^32 elements or bytes in one value");
        }
        return static_cast<std::uint32_t>(count);
    }
    void raw_text(std::string_view value) {
        packer_.pack_str(length(value.size()));
        packer_.pack_str_body(value.data(), length(value.size()));
    }

    StringSink sink_;
    msgpack::packer<StringSink> packer_;
};

}  // namespace

std::unique_ptr<ValueWriter> make_msgpack_writer(std::string& out) {
    return std::make_unique<MsgpackWriter>(out);
}

}  // namespace baton::types
