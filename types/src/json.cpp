#include "baton/types/json.hpp"

#include <algorithm>
#include <bitset>

#include "baton/base/error.hpp"
#include "baton/types/column.hpp"

namespace baton {
namespace types {
namespace {

// Which of the open brackets are objects is kept in bits; open() and value() call each other, but
// no deeper than depth_max, so hostile depth costs neither stack nor memory.
class Checker {
public:
    explicit Checker(std::string_view text) : text_(text) {}

    std::optional<std::string> fault() {
        if (!is_storable(text_)) return "not UTF-8, or a NUL byte";
        skip_space();
        if (!value()) return located();
        while (depth_ > 0) {
            if (!rest_of_container()) return located();
        }
        skip_space();
        if (at_ < text_.size()) return located("expected the end");
        return std::nullopt;
    }

private:
    // A scalar, or an opening bracket with what leads to the first value in it.
    bool value() {
        switch (peek()) {
            case '{':
                return open(true);
            case '[':
                return open(false);
            case '"':
                return string();
            case 't':
                return word("true");
            case 'f':
                return word("false");
            case 'n':
                return word("null");
            default:
                return number();
        }
    }

    bool open(bool is_object) {
        if (depth_ == Json::depth_max) return refuse("nested deeper than 64");
        ++at_;
        is_object_[static_cast<std::size_t>(depth_++)] = is_object;
        skip_space();
        if (peek() == (is_object ? '}' : ']')) return true;
        return (!is_object || name()) && value();
    }

    // After a value in a container: a comma and the next value, or the closing bracket.
    bool rest_of_container() {
        const bool is_object = is_object_[static_cast<std::size_t>(depth_ - 1)];
        skip_space();
        if (peek() == (is_object ? '}' : ']')) {
            ++at_;
            --depth_;
            return true;
        }
        if (peek() != ',') return refuse("expected a comma or a closing bracket");
        ++at_;
        skip_space();
        return (!is_object || name()) && value();
    }

    bool name() {
        if (peek() != '"') return refuse("expected a name");
        if (!string()) return false;
        skip_space();
        if (peek() != ':') return refuse("expected a colon");
        ++at_;
        skip_space();
        return true;
    }

    bool string() {
        for (++at_; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '"') {
                ++at_;
                return true;
            }
            if (static_cast<unsigned char>(c) < 0x20) return refuse("a raw control character");
            if (c == '\\' && !escape()) return false;
        }
        return refuse("a string without an end");
    }

    // Leaves at_ on the last character of the escape.
    bool escape() {
        ++at_;
        const char c = peek();
        if (c != 'u') {
            return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos && c != '\0'
                       ? true
                       : refuse("an unknown escape");
        }
        const int unit = code_unit();
        if (unit < 0) return refuse("a broken \\u escape");
        if (unit == 0) return refuse("\\u0000 cannot be stored");
        if (unit >= 0xDC00 && unit <= 0xDFFF) return refuse("a lone surrogate");
        if (unit < 0xD800 || unit > 0xDBFF) return true;
        if (text_.substr(at_ + 1, 2) != "\\u") return refuse("a lone surrogate");
        at_ += 2;
        const int low = code_unit();
        return low >= 0xDC00 && low <= 0xDFFF ? true : refuse("a lone surrogate");
    }

    // The four digits after the u that at_ stands on; leaves at_ on the last of them.
    int code_unit() {
        int unit = 0;
        for (int i = 0; i < 4; ++i) {
            ++at_;
            const char c = peek();
            int digit = 0;
            if (c >= '0' && c <= '9') {
                digit = c - '0';
            } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
                digit = (c | 0x20) - 'a' + 10;
            } else {
                return -1;
            }
            unit = unit * 16 + digit;
        }
        return unit;
    }

    // Postgres prints a number of a jsonb without its exponent, and what it prints must be accepted
    // again when the row is loaded: so what is limited is the number of digits written out.
    bool number() {
        constexpr std::size_t digits_max = 1'000;
        if (peek() == '-') ++at_;
        const std::size_t begin = at_;
        if (peek() == '0') {
            ++at_;
        } else if (!digits()) {
            return refuse("expected a value");
        }
        if (peek() == '.') {
            ++at_;
            if (!digits()) return refuse("a number without digits after the point");
        }
        std::size_t written_out = at_ - begin;
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            const std::size_t exponent_begin = at_;
            if (!digits()) return refuse("a number without an exponent");
            written_out += bounded_number(text_.substr(exponent_begin, at_ - exponent_begin));
        }
        return written_out <= digits_max ? true : refuse("a number of more than 1000 digits");
    }

    // The value of some digits, or something far above any limit.
    static std::size_t bounded_number(std::string_view digits) {
        std::size_t value = 0;
        for (const char c : digits) {
            value =
                std::min<std::size_t>(value * 10 + static_cast<std::size_t>(c - '0'), 1'000'000);
        }
        return value;
    }

    bool digits() {
        const std::size_t begin = at_;
        while (peek() >= '0' && peek() <= '9') ++at_;
        return at_ > begin;
    }

    bool word(std::string_view expected) {
        if (text_.substr(at_, expected.size()) != expected) return refuse("expected a value");
        at_ += expected.size();
        return true;
    }

    void skip_space() {
        while (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r') ++at_;
    }

    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    bool refuse(const char* reason) {
        reason_ = reason;
        return false;
    }
    [[nodiscard]] std::string located(const char* reason = nullptr) const {
        return "byte " + std::to_string(at_ + 1) + ": " + (reason != nullptr ? reason : reason_);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::bitset<Json::depth_max> is_object_;
    const char* reason_ = "";
};

}  // namespace

std::optional<std::string> json_fault(std::string_view text) { return Checker(text).fault(); }

}  // namespace types

std::optional<Json> Json::from_text(std::string_view text) {
    if (types::json_fault(text)) return std::nullopt;
    return Json(std::string(text));
}

Json Json::parse(std::string_view text) {
    if (const auto fault = types::json_fault(text)) {
        throw Error(ErrorCode::decode_failed, "not JSON that can be stored: " + *fault);
    }
    return Json(std::string(text));
}

}  // namespace baton
