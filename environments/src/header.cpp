#include "header.hpp"

#include <algorithm>
#include <cctype>

#include "baton/base/text.hpp"

namespace baton::environments {
namespace {

// Of RFC 9110: token.
bool is_token(std::string_view text) {
    constexpr std::string_view also = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               also.find(c) != std::string_view::npos;
    });
}

}  // namespace

std::optional<std::string> header_fault(std::string_view text) {
    constexpr std::size_t length_max = 4096;
    const std::size_t colon = text.find(':');
    std::string name(text.substr(0, colon));
    if (colon == std::string_view::npos || !is_token(name)) {
        return "a header is written as \"name: value\", and a name has letters, digits and -";
    }
    // A tab may be in a value; nothing else that ends a line, or hides.
    if (std::ranges::any_of(text, [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return (byte < 0x20 && c != '\t') || byte >= 0x7f;
        })) {
        return "the header " + json_quoted(name) +
               " has a line break, or another character that is no printable ASCII";
    }
    if (text.size() > length_max) return "the header " + json_quoted(name) + " is too long";
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::string_view own[] = {"host",
                                        "content-length",
                                        "content-type",
                                        "connection",
                                        "transfer-encoding",
                                        "expect",
                                        "trailer",
                                        "upgrade",
                                        "te",
                                        "keep-alive",
                                        "accept-encoding",
                                        "idempotency-key",
                                        "content-encoding"};
    if (std::ranges::find(own, name) != std::end(own) || name.starts_with("webhook-") ||
        name.starts_with("baton-") || name.starts_with("proxy-")) {
        return "the header " + json_quoted(name) + " is made by Baton, or by HTTP";
    }
    if (name == "authorization" || name == "cookie") {
        return "the header " + json_quoted(name) +
               " would be a secret in this file: name it with handler.bearer";
    }
    return std::nullopt;
}

}  // namespace baton::environments
