// What a node says of members of task sets.
#include "baton/base/error.hpp"
#include "baton/sql/node_session.hpp"

namespace baton::sql {

SetMembership NodeSession::member_of(Transaction& transaction, std::string_view token) const {
    constexpr Statement statement{"baton_member_of",
                                  "select task_set, key, member, input_position, is_open"
                                  " from member_of(:session, :token)"};
    const Result rows = transaction.exec(statement, {{"session", session_}, {"token", token}});
    if (rows.empty()) {
        throw Error(ErrorCode::task_invalid, "the task is no member of a task set");
    }
    const Row row = rows.only();
    if (!row.boolean(4)) {
        throw Error(ErrorCode::claim_lost, "task set " + std::to_string(row.integer(0)) +
                                               " waits for its members no more");
    }
    return {.set = row.integer(0),
            .key = std::string(row.text(1)),
            .member = std::string(row.text(2)),
            .input_position = Position(row.integer(3))};
}

bool NodeSession::complete_member(Transaction& transaction, std::string_view token,
                                  std::string_view result, const MemberResults& made) const {
    constexpr Statement statement{
        "baton_complete_member",
        "select complete_member(:session, :token, :rows::jsonb, :result::jsonb, :events::jsonb,"
        " :tasks::jsonb)"};
    return transaction
        .exec(statement, {{"session", session_},
                          {"token", token},
                          {"rows", made.rows},
                          {"result", result},
                          {"events", made.events},
                          {"tasks", made.tasks}})
        .only()
        .boolean(0);
}

std::vector<SetEvent> NodeSession::read_set_log(Transaction& transaction, std::string_view token,
                                                Position after, int limit,
                                                const std::vector<std::string>& types) const {
    constexpr Statement statement{
        "baton_read_set_log",
        "select position, type, key, payload, body, content_type, schema_version"
        " from read_set_log(:session, :token, :after::bigint, :limit::integer, :types::text[])"};
    std::vector<SetEvent> events;
    std::optional<std::string> wanted;
    if (!types.empty()) wanted = text_array(types);
    const Result rows = transaction.exec(statement, {{"session", session_},
                                                     {"token", token},
                                                     {"after", static_cast<std::int64_t>(after)},
                                                     {"limit", limit},
                                                     {"types", wanted}});
    events.reserve(rows.size());
    for (const Row& row : rows) {
        SetEvent event;
        event.position = Position(row.integer(0));
        event.type = row.text(1);
        if (const auto key = row.text_or_null(2)) event.key = std::string(*key);
        event.payload = row.text(3);
        event.body = row.bytes(4);
        event.content_type = row.text(5);
        event.schema_version = static_cast<int>(row.integer(6));
        events.push_back(std::move(event));
    }
    return events;
}

std::vector<std::string> NodeSession::read_set_view(Transaction& transaction,
                                                    std::string_view token,
                                                    std::string_view view) const {
    constexpr Statement statement{"baton_read_set_view",
                                  "select * from read_set_view(:session, :token, :view)"};
    std::vector<std::string> rows;
    for (const Row& row :
         transaction.exec(statement, {{"session", session_}, {"token", token}, {"view", view}})) {
        rows.emplace_back(row.text(0));
    }
    return rows;
}

}  // namespace baton::sql
