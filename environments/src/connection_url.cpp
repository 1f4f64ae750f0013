// Read here and not by PQconninfoParse, because that one takes the tail of a mistyped password
// ("u:a/b@host") for a database name, which would then be shown.
#include "baton/environments/connection_url.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "baton/base/ports.hpp"

namespace baton::environments {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view hidden = "***";

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        if (text[i] == '%' && i + 2 < text.size() + 0U &&
            std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
                text.data() + i + 3) {
            decoded += static_cast<char>(byte);
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

bool is_secret(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    return name.find("password") != npos || name.find("secret") != npos ||
           name.starts_with("scram_");
}

// What libpq takes as a keyword is a word; anything else may be part of a secret.
bool is_keyword(std::string_view key) {
    return !key.empty() && std::ranges::all_of(key, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    });
}

// Whether libpq knows the word, in any version since 15.
bool is_known(std::string_view key) {
    constexpr std::array<std::string_view, 48> known{"host",
                                                     "hostaddr",
                                                     "port",
                                                     "dbname",
                                                     "user",
                                                     "password",
                                                     "passfile",
                                                     "require_auth",
                                                     "channel_binding",
                                                     "connect_timeout",
                                                     "client_encoding",
                                                     "options",
                                                     "application_name",
                                                     "fallback_application_name",
                                                     "keepalives",
                                                     "keepalives_idle",
                                                     "keepalives_interval",
                                                     "keepalives_count",
                                                     "tcp_user_timeout",
                                                     "replication",
                                                     "gssencmode",
                                                     "sslmode",
                                                     "sslnegotiation",
                                                     "sslcompression",
                                                     "sslcert",
                                                     "sslkey",
                                                     "sslkeylogfile",
                                                     "sslpassword",
                                                     "sslcertmode",
                                                     "sslrootcert",
                                                     "sslcrl",
                                                     "sslcrldir",
                                                     "sslsni",
                                                     "requirepeer",
                                                     "ssl_min_protocol_version",
                                                     "ssl_max_protocol_version",
                                                     "min_protocol_version",
                                                     "max_protocol_version",
                                                     "krbsrvname",
                                                     "gsslib",
                                                     "gssdelegation",
                                                     "scram_client_key",
                                                     "scram_server_key",
                                                     "service",
                                                     "servicefile",
                                                     "target_session_attrs",
                                                     "load_balance_hosts",
                                                     "oauth_client_secret"};
    return std::ranges::find(known, key) != known.end();
}

// "user:password@hosts/database" without the password; nothing when it cannot be told apart.
std::optional<std::string> redacted_place(std::string_view place) {
    const std::size_t at = place.rfind('@');
    if (at == npos) {
        if (!has_numbers_as_ports(place.substr(0, place.find('/')))) return std::nullopt;
        return std::string(place);
    }
    const std::size_t colon = place.find(':');
    if (colon == npos || colon > at) return std::string(place);
    return std::string(place.substr(0, colon + 1)) + std::string(hidden) +
           std::string(place.substr(at));
}

// A value that looks like a URL, or like the user and password of one.
bool may_hold_a_secret(std::string_view value) {
    const std::size_t at = value.find('@');
    return value.find("://") != npos || (at != npos && value.find_first_of(":/") < at);
}

std::optional<std::string> redacted_parameters(std::string_view parameters) {
    std::string shown;
    while (!parameters.empty()) {
        const std::string_view parameter = parameters.substr(0, parameters.find('&'));
        parameters.remove_prefix(std::min(parameters.size(), parameter.size() + 1));
        const std::size_t equals = parameter.find('=');
        if (equals == npos) return std::nullopt;
        const std::string_view key = parameter.substr(0, equals);
        const std::string_view value = parameter.substr(equals + 1);
        // A ? in a password makes parameters of its tail.
        if (!is_keyword(percent_decoded(key)) || may_hold_a_secret(value)) return std::nullopt;
        shown += shown.empty() ? '?' : '&';
        shown += is_secret(percent_decoded(key)) ? std::string(key) + '=' + std::string(hidden)
                                                 : std::string(parameter);
    }
    return shown;
}

std::string redacted_uri(std::string_view scheme, std::string_view rest) {
    // As libpq does: the user and password end at an @ before any /, whatever is between.
    const std::size_t stop = rest.find_first_of("@/");
    const std::size_t at = stop != npos && rest[stop] == '@' ? stop : 0;
    const std::size_t question = rest.find('?', at);
    const auto place = redacted_place(rest.substr(0, question));
    const auto parameters = redacted_parameters(question == npos ? "" : rest.substr(question + 1));
    if (!place || !parameters) return std::string(scheme) + std::string(hidden);
    return std::string(scheme) + *place + *parameters;
}

std::size_t after_spaces(std::string_view text, std::size_t at) {
    return std::min(text.find_first_not_of(" \t\n\r\f\v", at), text.size());
}

// Where a value that begins at `at` ends: 'quoted' or up to a space, \ before any character.
std::size_t end_of_value(std::string_view text, std::size_t at) {
    const bool quoted = at < text.size() && text[at] == '\'';
    for (std::size_t i = at + (quoted ? 1 : 0); i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (quoted && text[i] == '\'') {
            return i + 1;
        } else if (!quoted && after_spaces(text, i) != i) {
            return i;
        }
    }
    return text.size();
}

std::string redacted_pairs(std::string_view text) {
    std::string shown;
    std::size_t at = after_spaces(text, 0);
    bool after_secret = false;
    while (at < text.size()) {
        if (!shown.empty()) shown += ' ';
        const std::size_t key_end = text.find_first_of("= \t\n\r\f\v", at);
        const std::size_t equals = key_end == npos ? npos : after_spaces(text, key_end);
        if (equals == npos || equals == text.size() || text[equals] != '=') {
            return shown + std::string(hidden);
        }
        const std::string key(text.substr(at, key_end - at));
        // A secret with a space that is not quoted goes on here.
        if (!is_keyword(key) || (after_secret && !is_known(key))) {
            return shown + std::string(hidden);
        }
        const std::size_t value = after_spaces(text, equals + 1);
        const std::size_t end = end_of_value(text, value);
        after_secret = is_secret(key);
        const std::string_view said = text.substr(value, end - value);
        const bool is_hidden = after_secret || may_hold_a_secret(said);
        shown += key + '=' + std::string(is_hidden ? hidden : said);
        at = after_spaces(text, end);
    }
    return shown;
}

}  // namespace

std::string redacted_url(std::string_view url) {
    for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
        if (url.starts_with(scheme)) return redacted_uri(scheme, url.substr(scheme.size()));
    }
    return redacted_pairs(url);
}

}  // namespace baton::environments
