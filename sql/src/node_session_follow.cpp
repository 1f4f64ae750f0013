// What a node says of the bookmarks that it follows the log from.
#include "baton/sql/node_session.hpp"

namespace baton::sql {
namespace {

std::optional<std::string> copy_of(std::optional<std::string_view> text) {
    if (!text) return std::nullopt;
    return std::string(*text);
}

std::optional<std::string> array_or_null(const std::vector<std::string>& texts) {
    if (texts.empty()) return std::nullopt;
    return text_array(texts);
}

FollowedEvent event_of(const Row& row) {
    return {.position = Position(row.integer(0)),
            .id = row.integer(1),
            .dispatched_at = std::string(row.text(2)),
            .type = std::string(row.text(3)),
            .key = copy_of(row.text_or_null(4)),
            .tenant = copy_of(row.text_or_null(5)),
            .payload = std::string(row.text(6)),
            .body = row.bytes(7),
            .content_type = std::string(row.text(8)),
            .meta = copy_of(row.text_or_null(9)),
            .schema_version = static_cast<int>(row.integer(10))};
}

}  // namespace

HeldBookmark NodeSession::follow(Connection& connection, const BookmarkOffer& offer) const {
    constexpr Statement statement{
        "follow",
        "select token, position, held_by from follow(session => :session, name => :name,"
        " types => :types::text[], from_position => :from::bigint,"
        " lag_longest => :lag_longest::interval)"};
    std::optional<std::int64_t> from;
    if (offer.from > 0) from = offer.from;
    std::optional<std::string> lag_longest;
    if (offer.lag_longest.count() > 0) {
        lag_longest = std::to_string(offer.lag_longest.count()) + " ms";
    }
    const Row row = connection
                        .exec(statement, {{"session", session_},
                                          {"name", offer.name},
                                          {"types", array_or_null(offer.types)},
                                          {"from", from},
                                          {"lag_longest", lag_longest}})
                        .only();
    return {.token = std::string(row.text(0)),
            .position = Position(row.integer_or_null(1).value_or(0)),
            .held_by = std::string(row.text(2))};
}

FollowedPage NodeSession::read_follow(Connection& connection,
                                      const std::vector<std::string>& tokens,
                                      std::optional<Position> after,
                                      const std::vector<std::string>& types, int limit) const {
    constexpr Statement statement{
        "read_follow",
        "select position, id, dispatched_at, type, key, tenant, payload, body, content_type, meta,"
        " schema_version from read_follow(session => :session, tokens => :tokens::text[],"
        " limit_count => :limit::integer, after_position => :after::bigint,"
        " types => :types::text[])"};
    std::optional<std::int64_t> behind;
    if (after) behind = static_cast<std::int64_t>(*after);
    FollowedPage page;
    for (const Row& row : connection.exec(statement, {{"session", session_},
                                                      {"tokens", text_array(tokens)},
                                                      {"limit", limit},
                                                      {"after", behind},
                                                      {"types", array_or_null(types)}})) {
        if (row.is_null(3)) {
            page.end = Position(row.integer(0));
        } else {
            page.events.push_back(event_of(row));
        }
    }
    page.after = after.value_or(page.end);
    return page;
}

void NodeSession::advance(Transaction& transaction, std::string_view token, Position from,
                          Position to) const {
    // Followers prepare statements in the same session.
    constexpr Statement statement{"baton_advance",
                                  "select advance(:session, :token, :to::bigint, :from::bigint)"};
    transaction.exec(statement,
                     {{"session", session_}, {"token", token}, {"to", to}, {"from", from}});
}

std::string NodeSession::await_events(Connection& connection) const {
    constexpr Statement statement{"await_events", "select await_events(:session)"};
    return std::string(connection.exec(statement, {{"session", session_}}).only().text(0));
}

}  // namespace baton::sql
