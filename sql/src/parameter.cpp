#include "baton/sql/parameter.hpp"

#include "baton/base/error.hpp"

namespace baton::sql {
namespace {

std::string hex_of(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(2 + 2 * bytes.size(), '\0');
    text[0] = '\\';
    text[1] = 'x';
    std::size_t at = 2;
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        text[at++] = digits[value >> 4U];
        text[at++] = digits[value & 15U];
    }
    return text;
}

}  // namespace

std::string Parameter::to_text() const {
    switch (kind_) {
        case Kind::null:
            return {};
        case Kind::digits:
            return {digits_.data(), size_};
        case Kind::bytes:
            return hex_of({data_, size_});
        case Kind::text:
            break;
    }
    const std::string_view text(data_, size_);
    if (text.find('\0') != std::string_view::npos) {
        throw Error(ErrorCode::statement_failed,
                    "a text parameter holds a NUL byte, which Postgres cannot store; pass it as "
                    "bytes or through storable_text()");
    }
    return std::string(text);
}

std::string text_array(const std::vector<std::string>& texts) {
    std::string literal = "{";
    for (const std::string& text : texts) {
        literal += literal.size() > 1 ? ",\"" : "\"";
        for (const char c : text) {
            if (c == '"' || c == '\\') literal += '\\';
            literal += c;
        }
        literal += '"';
    }
    return literal + "}";
}

}  // namespace baton::sql
