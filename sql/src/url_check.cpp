#include "url_check.hpp"

#include "baton/base/error.hpp"
#include "baton/base/ports.hpp"

namespace baton::sql {
namespace {

constexpr auto npos = std::string_view::npos;

// What stands between the scheme and the ? of a URL; nothing for what is no URL.
std::string_view place_of(std::string_view url) {
    for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
        if (!url.starts_with(scheme)) continue;
        url.remove_prefix(scheme.size());
        // As libpq does: a ? before the @ that ends the password belongs to it.
        const std::size_t stop = url.find_first_of("@/");
        const std::size_t from = stop != npos && url[stop] == '@' ? stop : 0;
        return url.substr(0, url.find('?', from));
    }
    return {};
}

}  // namespace

void require_unambiguous(std::string_view url) {
    const std::string_view place = place_of(url);
    const std::size_t stop = place.find_first_of("@/");
    const bool has_user = stop != npos && place[stop] == '@';
    const std::string_view rest = has_user ? place.substr(stop + 1) : place;
    if (rest.find('@') == npos && has_numbers_as_ports(rest.substr(0, rest.find('/')))) return;
    throw Error(ErrorCode::settings_invalid,
                "the connection URL cannot be read: its user or password has a character that must "
                "be percent-encoded (@ is %40, / is %2F, : is %3A, ? is %3F), or its port is no "
                "number");
}

std::string without_quotations(std::string_view message) {
    // From the first mark to the last one: what is quoted may hold marks, too.
    const std::size_t begin = message.find('"');
    if (begin == npos) return std::string(message);
    const std::size_t end = message.rfind('"');
    return std::string(message.substr(0, begin)) + "\"***\"" +
           (end == begin ? "" : std::string(message.substr(end + 1)));
}

}  // namespace baton::sql
