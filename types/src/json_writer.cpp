// Writes fields as JSON.

#include <array>
#include <charconv>
#include <cmath>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/types/codec.hpp"
#include "baton/types/column.hpp"

namespace baton::types {
namespace {

class JsonWriter final : public ValueWriter {
public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    void enter_object(std::size_t /*field_count*/) override { open('{'); }
    void field(std::string_view name) override {
        separate();
        out_ += '"';
        out_ += name;
        out_ += "\":";
        needs_comma_ = false;
    }
    void leave_object() override { close('}'); }
    void enter_array(std::size_t /*element_count*/) override { open('['); }
    void leave_array() override { close(']'); }

    void null() override { raw("null"); }
    void boolean(bool value) override { raw(value ? "true" : "false"); }
    void integer(std::int64_t value) override { raw(std::to_string(value)); }
    void real(double value) override {
        if (!std::isfinite(value)) {
            throw Error(ErrorCode::event_invalid, "NaN and infinity cannot be written as JSON");
        }
        std::array<char, 32> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    void text(std::string_view value) override {
        check_storable(value);
        raw(json_quoted(value));
    }
    void decimal(const Decimal& value) override { raw(value.text()); }
    void json(const Json& value) override { raw(value.text()); }

private:
    void open(char bracket) {
        separate();
        out_ += bracket;
        needs_comma_ = false;
    }
    void close(char bracket) {
        out_ += bracket;
        needs_comma_ = true;
    }
    void raw(std::string_view text) {
        separate();
        out_ += text;
    }
    void separate() {
        if (needs_comma_) out_ += ',';
        needs_comma_ = true;
    }

    std::string& out_;
    bool needs_comma_ = false;
};

}  // namespace

std::unique_ptr<ValueWriter> make_json_writer(std::string& out) {
    return std::make_unique<JsonWriter>(out);
}

}  // namespace baton::types
